"""An email-driven support desk with prepaid credits, working-time promises and no web interface."""
