"""What the clients of locust.clients and locust.contrib.fasthttp are made of; not for others."""
