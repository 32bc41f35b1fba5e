// A plan to begin with, for whoever has none yet.
export const EXAMPLE_PLAN = `name: My first test
service:
  base_url: http://127.0.0.1:8080
load_profile:
  users: 10
  spawn_rate: 2
  run_time: 1m
users:
  - name: Visitor
    tasks:
      - name: look around
        steps:
          - get: /
          - think: 1s
thresholds:
  response_time: [p(95) < 300ms]
`;
