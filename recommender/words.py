"""Numbers and days as German readers write them."""

from datetime import date

from recommender.calendar import WEEKDAYS

_MONTHS = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]


def euro(amount: float) -> str:
    """An amount of money; whole Euro without decimals.

    >>> euro(2), euro(2.5)
    ('2 €', '2,50 €')
    """
    return f"{amount:.0f} €" if float(amount).is_integer() else f"{amount:.2f} €".replace(".", ",")


def kilometres(distance: float) -> str:
    """A distance; below ten kilometres to the half, above to the kilometre.

    >>> kilometres(3.8), kilometres(12.4)
    ('4 km', '12 km')
    """
    rounded = round(distance * 2) / 2 if distance < 10 else round(distance)
    return f"{rounded:.0f} km" if float(rounded).is_integer() else f"{rounded:.1f} km".replace(".", ",")


def ages(low: int, high: int) -> str:
    """An age span in months as people say it; the upper month belongs to the span.

    >>> ages(36, 71), ages(10, 35), ages(0, 35)
    ('3–5 Jahre', '10 Monate bis 2 Jahre', 'unter 3 Jahre')
    """
    if low == 0:
        return f"unter {_years(high + 1)} Jahre"
    if low % 12 and low < 24:
        return f"{low} Monate bis {_years(high)} Jahre"
    first, last = _years(low), _years(high)
    return f"{first} Jahre" if first == last else f"{first}–{last} Jahre"


def _years(months: int) -> int:
    return months // 12


def day(moment: date) -> str:
    """A day with its weekday.

    >>> day(date(2027, 1, 12))
    'Dienstag, 12.1.2027'
    """
    return f"{WEEKDAYS[moment.weekday()].label}, {moment.day}.{moment.month}.{moment.year}"


def month(moment: date) -> str:
    """A month with its year.

    >>> month(date(2027, 4, 1))
    'April 2027'
    """
    return f"{_MONTHS[moment.month - 1]} {moment.year}"
