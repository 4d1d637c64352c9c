"""A smallest order amount per customer group (起订额): told in the cart, and held when an order is placed."""
