"""What a hostile target or a careless test makes of names and errors: all of it must be text in
the page, the report and the CSV."""
from locust import User, constant, task

MARKUP = ("<img src=x onerror=\"alert('name')\"><script>alert(1)</script></script>"
          "<x-planted>bold</x-planted>")
NAMES = [
    MARKUP,
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1:A9)",
    "\t=1+1",
    "rtl \u202eevil\u202c \u05e9\u05dc\u05d5\u05dd \u200f\u2067mark",
    "broken \udcff\udc80 bytes",
    "line\nbreak, \"quoted\" 'name'",
    "zero\0byte \x1b[31mred\x07",
    "{{user}} ${HOME} %s %n </style><!-- --> ]]>",
    "__proto__",
    "constructor",
    "x" * 1_000_000,
]


class Hostile(User):
    wait_time = constant(0.2)

    @task
    def ask(self):
        for name in NAMES:
            self.environment.events.request.fire(
                request_type="GET", name=name, response_time=12, response_length=1,
                exception=RuntimeError("error: " + name), context={})

    @task
    def stumble(self):
        raise ValueError(MARKUP + "\u202e\udcff" + "y" * 100_000)
