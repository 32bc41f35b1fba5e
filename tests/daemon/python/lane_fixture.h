// A lane whose parent is the test, at the other end of a real socket pair.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "daemon/base/check.h"
#include "daemon/plan/value.h"
#include "daemon/python/lane.h"
#include "daemon/python/squall_module.h"
#include "daemon/script/lane_codec.h"
#include "daemon/wire/assignment_proto.h"
#include "daemon/wire/plan_proto.h"
#include "daemon/wire/settings_proto.h"
#include "daemon/wire/snapshot_proto.h"
#include "protos/squall/v1/lane.pb.h"
#include "tests/daemon/python/embedded_python.h"

namespace squall {

class LaneTest : public EmbeddedPython {
 public:
  ~LaneTest() override {
    LeaveTurn();
    LaneEngine* const engine = lane->engine();
    if (engine->prepared() && !engine->finished()) {
      engine->Stop("test over", /*immediate=*/true);
      TurnUntil([&] { return engine->finished(); });
    }
    lane.reset();
    set_lane(nullptr);
    HangUp();
    if (fds_[1] >= 0) {
      close(fds_[1]);
    }
  }

 protected:
  explicit LaneTest(bool coordinator = false, bool with_parent = true) {
    if (with_parent) {
      SQUALL_CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds_.data()) == 0);
    }
    lane = std::make_unique<Lane>(context.get(), &clock, LaneOptions{fds_[1], coordinator});
    set_lane(lane.get());
    SQUALL_CHECK(lane->Open().ok());
    Run(R"(
import _squall
def spawn(handle):
    def greenlet():
        try:
            if handle.begin():
                while handle.begin_task():
                    handle.end_task()
                    handle.pause(1e-3)
        except gevent.GreenletExit:
            pass
        finally:
            handle.ended()
    return gevent.spawn(greenlet)
_squall.set_classes([('First', 1.0, 0), ('Second', 1.0, 0)])
_squall.set_spawner(spawn)
)");
  }

  // The parent's side.
  void Send(const v1::LaneCommand& command) {
    EXPECT_TRUE(WriteLaneCommand(fds_[0], command).ok());
  }
  void SendBytes(std::string_view bytes) { EXPECT_TRUE(WriteLane(fds_[0], bytes).ok()); }
  void SendPrepare(const Plan& plan) {
    v1::LaneCommand command;
    v1::PrepareRequest* order = command.mutable_prepare()->mutable_order();
    EXPECT_TRUE(PlanToProto(plan, order->mutable_plan()).ok());
    AssignmentToProto(MakeAssignment(0, 1, 1), order->mutable_assignment());
    SettingsToProto(RunSettings(), order->mutable_settings());
    Send(command);
  }
  void SendStart() {
    v1::LaneCommand command;
    command.mutable_start()->set_steady_nanos(clock.Now().time_since_epoch().count());
    Send(command);
  }
  void SendStop(v1::StopMode mode = v1::STOP_MODE_GRACEFUL) {
    v1::LaneCommand command;
    command.mutable_stop()->set_reason("stopped");
    command.mutable_stop()->set_mode(mode);
    Send(command);
  }
  void HangUp() {
    if (fds_[0] >= 0) {
      close(fds_[0]);
      fds_[0] = -1;
    }
  }
  // The next note of the lane's, "kind json". Snapshots that come before it are kept.
  std::string NextNote() {
    while (true) {
      const v1::LaneEvent event = NextEvent();
      if (event.has_note()) {
        return event.note().kind() + " " + event.note().json();
      }
      snapshots.push_back(*SnapshotFromProto(event.snapshot()));
    }
  }
  Snapshot NextSnapshot() {
    while (true) {
      const v1::LaneEvent event = NextEvent();
      if (event.has_snapshot()) {
        return *SnapshotFromProto(event.snapshot());
      }
    }
  }

  // The lane's side: "kind json" of what Python code is told next.
  std::string Receive() {
    const std::optional<Lane::Note> note = lane->Receive();
    return note.has_value() ? note->kind + " " + note->json : "";
  }

  static Plan PlanOf(uint64_t users) {
    Plan plan;
    plan.load_profile.load = ConstantLoad{users, 1e6, std::nullopt};
    return plan;
  }

  std::unique_ptr<Lane> lane;
  std::vector<Snapshot> snapshots;

 private:
  v1::LaneEvent NextEvent() {
    v1::LaneEvent event;
    TurnUntil([&] {
      std::array<char, 65536> bytes;
      const ssize_t got = recv(fds_[0], bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (got > 0) {
        reader_.Add({bytes.data(), static_cast<size_t>(got)});
      }
      const absl::StatusOr<bool> whole = reader_.Next(&event);
      return whole.ok() && *whole;
    });
    return event;
  }

  std::array<int, 2> fds_ = {-1, -1};
  LaneReader reader_;
};

}  // namespace squall
