"""The pages that put the subjects together: the public page, the member's and the secretariat's first page."""
