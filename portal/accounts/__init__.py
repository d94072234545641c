"""Who a person is: users, their roles, and how they come in and stay in."""
