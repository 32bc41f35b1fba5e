// A fleet of engines whose users and arrivals change hands, in time that moves only when told to.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/daemon/engine/engine_fixture.h"

namespace squall {

class HandoverFixture : public EngineFixture {
 protected:
  // One engine for each share, all with `shards` loops.
  void MakeFleet(const Plan& plan, std::vector<Assignment> shares, uint32_t shards) {
    profile = *Profile::Make(plan.load_profile);
    fleet = std::move(shares);
    for (const Assignment& share : fleet) {
      Make(plan, shards, share);
    }
  }
  static std::vector<Assignment> Thirds() {
    return {MakeAssignment(0, 3, 1), MakeAssignment(1, 3, 1), MakeAssignment(2, 3, 1)};
  }

  // Tells the engine, as its coordinator would.
  void Tell(size_t engine, const std::vector<Assignment>& after,
            const std::vector<ResidueClass>& moving, Nanos at, double rate) {
    engines[engine]->Reassign({.after = after[engine], .moving = moving, .at = at, .rate = rate});
  }
  void TellAll(const std::vector<Assignment>& after, const std::vector<ResidueClass>& moving,
               Nanos at, double rate) {
    for (size_t i = 0; i < after.size(); ++i) {
      Tell(i, after, moving, at, rate);
    }
    fleet = after;
  }
  // The first engine that is there but owns nothing takes its share.
  void Join(Nanos at, double rate) {
    std::erase_if(fleet, [](const Assignment& each) { return each.classes.empty(); });
    const std::vector<Assignment> after = AdmitNew(fleet, ++epoch);
    TellAll(after, after.back().classes, at, rate);
  }
  // The agent dies; the survivors hear of it.
  void Lose(size_t lost, Nanos at, double rate) {
    const std::vector<ResidueClass> moving = fleet[lost].classes;
    const std::vector<Assignment> after = *RedistributeLost(fleet, lost, ++epoch);
    engines[lost]->Stop("killed", /*immediate=*/true);
    for (size_t i = 0; i < after.size(); ++i) {
      if (i != lost) {
        Tell(i, after, moving, at, rate);
      }
    }
    fleet = after;
  }

  Profile profile = *Profile::Make(Constant(1));
  std::vector<Assignment> fleet;
  uint64_t epoch = 1;
};

}  // namespace squall
