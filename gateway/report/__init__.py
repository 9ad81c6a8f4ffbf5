"""The desk's figures for people: text, one HTML file, pictures, and rows for programs."""
