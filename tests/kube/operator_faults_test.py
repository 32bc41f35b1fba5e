#!/usr/bin/python3
"""What happens to a LoadTest when pods, quotas and operators fail: on a real API server."""
import signal
import time

from kube_case import main
from kubelet import IMAGE_PULL, UNSCHEDULABLE
from operator_case import LEASE, OperatorTest, wait_for


class PodTest(OperatorTest):
    """The condition carries the pod's own reason; the loss policy acts."""

    def agents_ready(self, name, reason):
        wait_for(lambda: self.condition(name, "AgentsReady").get("reason") == reason,
                 f"AgentsReady of {name} to say {reason}")
        return self.condition(name, "AgentsReady")

    def test_pods_that_cannot_start_are_told_and_run_once_they_can(self):
        for name, fault, reason, text in (
                ("homeless", UNSCHEDULABLE, "Unschedulable", "Unschedulable"),
                ("imageless", IMAGE_PULL, "ImagePullError", "ErrImagePull")):
            with self.subTest(name):
                self.kubelet.fault(f"{name}-agent-0", fault)
                self.apply(self.a_test(name, run_time="1s"))
                said = self.agents_ready(name, reason)
                self.assertIn(f"pod {name}-agent-0: {text}", said["message"])
                self.kubelet.heal(f"{name}-agent-0")
                self.wait(name, "Complete")

    def test_a_start_that_takes_too_long_fails_with_the_reason(self):
        self.kubelet.fault("late-agent-1", UNSCHEDULABLE)
        start = {"timeoutSeconds": 3}
        self.apply(self.a_test("late", replicas=2, agents={"start": start}))
        self.wait("late", "Failed")
        self.assertEqual(self.condition("late", "Failed")["reason"], "StartTimeout")
        self.assertIn("Unschedulable", self.condition("late", "Failed")["message"])
        wait_for(lambda: not self.children("late"), "nothing to be left")

    def test_a_partial_start_runs_on_those_that_are_ready(self):
        self.kubelet.fault("partial-agent-1", UNSCHEDULABLE)
        start = {"timeoutSeconds": 3, "onTimeout": "StartPartial", "minReady": 1}
        self.apply(self.a_test("partial", run_time="2s", replicas=2, agents={"start": start}))
        self.wait("partial", "Complete")
        self.assertEqual(self.condition("partial", "AgentsReady")["reason"], "PartialStart")

    def test_a_quota_is_told_and_waited_for(self):
        quota = f"/api/v1/namespaces/{self.namespace}/resourcequotas"
        self.api.create(quota, {"metadata": {"name": "none"},
                                "spec": {"hard": {"count/pods": "0"}}})
        wait_for(lambda: self.api.find(f"{quota}/none").get("status", {}).get("hard"),
                 "the quota to hold")
        self.apply(self.a_test("poor", run_time="1s"))
        self.assertIn("exceeded quota", self.agents_ready("poor", "QuotaExceeded")["message"])
        self.kubectl("delete", "resourcequota/none")
        self.wait("poor", "Complete")

    def lose_one(self, name, how, **agents):
        """A run on three agents that loses one; its status at the end."""
        before = self.served()
        self.apply(self.a_test(name, users=6, run_time="20s", replicas=3, agents=agents))
        self.wait_phase(name, "Running")
        time.sleep(1.5)
        how(f"{name}-agent-1")
        return before

    def test_a_killed_agent_is_named_and_the_others_take_over(self):
        self.lose_one("killed", self.kubelet.kill)
        wait_for(lambda: self.get("killed")["status"]["agents"].get("lost") == 1, "the loss")
        status = self.wait("killed", "Complete")["status"]
        self.assertEqual(status["phase"], "Succeeded")
        self.assertEqual(status["agents"]["running"], 2)

    def test_an_agent_out_of_memory_is_told_by_that_name(self):
        self.lose_one("fat", self.kubelet.oom_kill)
        wait_for(lambda: [p for p in self.get("fat")["status"]["agents"]["problems"]
                          if p["reason"] == "OOMKilled"], "OOMKilled among the problems")
        self.wait("fat", "Complete")

    def test_a_deleted_pod_is_replaced_where_the_policy_says_so(self):
        self.lose_one("replaced", lambda pod: self.kubectl(
            "delete", f"pod/{pod}", "--grace-period=0", "--force"), lossPolicy="Replace")
        wait_for(lambda: self.get("replaced")["status"]["agents"].get("running") == 3
                 and self.get("replaced")["status"]["agents"].get("lost") == 1,
                 "another agent in its place")
        self.wait("replaced", "Complete")

    def test_a_loss_fails_the_test_where_the_policy_says_so(self):
        self.lose_one("strict", self.kubelet.kill, lossPolicy="Fail")
        self.wait("strict", "Failed")
        self.assertEqual(self.condition("strict", "Failed")["reason"], "AgentsLost")


class LeaderTest(OperatorTest):
    """Two operators; the load knows nothing of who leads."""

    operator_flags = LEASE

    def rate(self, seconds=1.0):
        before = self.served()
        time.sleep(seconds)
        return (self.served() - before) / seconds

    def tells_of(self, name):
        """For each operator that is up, whether its page has figures of this LoadTest."""
        return {operator: f'name="{name}"' in operator.get("/metrics", "metrics_port")
                for operator in self.operators if operator.process.poll() is None}

    def run_over_a_change(self, name, change):
        standby = self.start_operator(*LEASE)
        before = self.served()
        self.apply(self.a_test(name, users=8, run_time="25s", replicas=2))
        self.wait_phase(name, "Running")
        # What two replicas told would be added up; the one that leads is enough.
        self.assertEqual(self.tells_of(name), {
            operator: operator is not standby for operator in self.tells_of(name)})
        time.sleep(1)
        usual = self.rate()
        self.assertGreater(usual, 0)
        change()
        slowest = usual
        began = time.monotonic()
        while not standby.lines("leading"):
            self.assertLess(time.monotonic() - began, 60, "nobody took over")
            slowest = min(slowest, self.rate(0.5))
        self.assertGreater(slowest, usual / 3)  # machines are noisy; a dip would be to 0
        return standby, before

    def finished(self, name, before):
        # A leader that is gone, or about to end, tells nothing: its page is not there any more.
        wait_for(lambda: list(self.tells_of(name).values()) == [True],
                 "the new leader, and nobody else, to tell of the LoadTest")
        status = self.wait(name, "Complete")["status"]
        self.assertEqual(status["phase"], "Succeeded")
        self.assertEqual(status["summary"]["requests"], self.served() - before)
        self.assertEqual(status["agents"]["lost"], 0)

    def test_1_the_standby_goes_on_when_the_leader_is_killed(self):
        leader = self.operator
        _, before = self.run_over_a_change("orphan", lambda: leader.signal(signal.SIGKILL))
        self.finished("orphan", before)

    def test_2_a_leader_that_was_stopped_and_comes_back_commands_nothing(self):
        leader = next(o for o in self.operators if o.process.poll() is None)
        wait_for(lambda: leader.lines("leading"), "a leader")
        _, before = self.run_over_a_change("frozen", lambda: leader.signal(signal.SIGSTOP))
        wait_for(lambda: "Adopted" in str(self.api.call(
            "GET", f"/apis/events.k8s.io/v1/namespaces/{self.namespace}/events")),
            "the run to be adopted")
        leader.signal(signal.SIGCONT)
        self.assertNotEqual(leader.process.wait(60), 0)  # it ends: it does not lead any more
        self.finished("frozen", before)

    def test_3_a_leader_that_is_asked_to_go_hands_over_at_once(self):
        leader = next(o for o in self.operators if o.process.poll() is None)
        _, before = self.run_over_a_change("handed", lambda: leader.signal(signal.SIGTERM))
        self.assertEqual(leader.process.wait(60), 0)
        self.finished("handed", before)


if __name__ == "__main__":
    main()
