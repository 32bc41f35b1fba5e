"""What the clients of locust.clients and locust.contrib.fasthttp are made of. Not for locustfiles."""
