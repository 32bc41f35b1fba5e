"""Arguments of one's own on the command line."""
from locust import HttpUser, constant, events, task
from parting import leave


@events.init_command_line_parser.add_listener
def add_arguments(parser):
    parser.add_argument("--category", type=str, default="Clothing", help="Which goods to list")
    parser.add_argument("--times", type=int, env_var="SHOP_TIMES", default=1)
    parser.add_argument("--loud", action="store_true")
    parser.add_argument("--secret", is_secret=True, default="s3cret")
    parser.add_argument("--hidden", include_in_web_ui=False, default="h")


@events.init.add_listener
def show(environment, **_):
    options = environment.parsed_options
    print(options.category, options.times, options.loud, options.secret, options.hidden,
          options.num_users)


class Listing(HttpUser):
    wait_time = constant(0)

    @task
    def list_goods(self):
        options = self.environment.parsed_options
        for _ in range(options.times):
            self.client.get("/products", params={"category": options.category},
                            name=options.category.upper() if options.loud else options.category)
        leave(self)
