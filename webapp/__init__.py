"""Everything that faces people or the clock. Empty on purpose: ``create_app`` is in ``webapp.app``, because importing
``webapp.settings`` or ``webapp.feeds`` must import neither pages nor people (law 8).
"""
