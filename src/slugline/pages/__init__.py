"""Pages: HTML made from templates and data, kept, and made anew."""
