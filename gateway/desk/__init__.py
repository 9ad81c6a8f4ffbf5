"""Every rule of the business: facts and a mail, or facts and an instant, make a decision. Pure."""
