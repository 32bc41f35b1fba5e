"""Data of shop_prices.py: what things should cost. The last one is wrong on purpose."""
PRICES = [
    {"name": "Laptop", "price": 999.99},
    {"name": "Phone", "price": 599.99},
    {"name": "Headphones", "price": 1.23},
]
