"""Bringing in what others wrote: tables of goods, customers and prices, and a wholesaler's sales history."""
