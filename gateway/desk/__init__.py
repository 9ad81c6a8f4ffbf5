"""Every rule of the business: facts and a mail, or facts and an instant, become a decision. Pure."""
