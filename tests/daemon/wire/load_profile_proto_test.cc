#include "daemon/wire/load_profile_proto.h"

#include <functional>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "protos/squall/v1/load_profile.pb.h"
#include "tests/daemon/wire/mentions.h"
#include "tests/daemon/wire/random_plan.h"

namespace squall {
namespace {

constexpr size_t kShapes = std::variant_size_v<decltype(LoadProfile::load)>;

std::string Read(const v1::LoadProfile& proto, LoadProfile* load) {
  ProtoReader reader;
  ReadLoadProfile(proto, &reader, load);
  return std::string(reader.status().message());
}

TEST(LoadProfileProtoTest, EveryShapeSurvivesTheTrip) {
  for (size_t shape = 0; shape < kShapes; ++shape) {
    for (uint64_t seed = 1; seed <= 50; ++seed) {
      Rng rng(seed);
      const LoadProfile load = RandomLoadProfile(&rng, shape);
      ASSERT_EQ(load.load.index(), shape);
      v1::LoadProfile proto;
      WriteLoadProfile(load, &proto);
      LoadProfile read;
      ASSERT_EQ(Read(proto, &read), "") << "shape " << shape << " seed " << seed;
      ASSERT_TRUE(read == load) << "shape " << shape << " seed " << seed;
    }
  }
}

// A client that names a shape and nothing else means the shape's own figures.
TEST(LoadProfileProtoTest, AShapeWithNothingSetHasItsDefaults) {
  using Proto = v1::LoadProfile;
  const std::pair<std::function<void(Proto*)>, decltype(LoadProfile::load)> rows[] = {
      {[](Proto*) {}, ConstantLoad{}},
      {[](Proto* p) { p->mutable_constant(); }, ConstantLoad{}},
      {[](Proto* p) { p->mutable_staged(); }, std::vector<Stage>{}},
      {[](Proto* p) { p->mutable_staged()->add_stages(); }, std::vector<Stage>{Stage{}}},
      {[](Proto* p) { p->mutable_arrival(); }, Arrival{}},
      {[](Proto* p) { p->mutable_peak(); }, PeakShape{}},
      {[](Proto* p) { p->mutable_stress(); }, StressShape{}},
      {[](Proto* p) { p->mutable_soak(); }, SoakShape{}},
      {[](Proto* p) { p->mutable_spike(); }, SpikeShape{}},
      {[](Proto* p) { p->mutable_linear(); }, LinearShape{}},
      {[](Proto* p) { p->mutable_sine(); }, SineShape{}},
      {[](Proto* p) { p->mutable_steps(); }, StepsShape{}},
      {[](Proto* p) { p->mutable_curve(); }, CurveShape{}},
  };
  for (const auto& [set, expected] : rows) {
    Proto proto;
    set(&proto);
    LoadProfile read;
    EXPECT_EQ(Read(proto, &read), "");
    EXPECT_TRUE(read.load == expected) << proto.DebugString();
  }
}

TEST(LoadProfileProtoTest, HostileProfilesAreRefused) {
  using Proto = v1::LoadProfile;
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const std::pair<std::function<void(Proto*)>, const char*> rows[] = {
      {[](Proto* p) { p->mutable_staged()->add_stages()->mutable_duration()->set_seconds(-1); },
       "staged.stages[0].duration must be a duration from 0s"},
      {[](Proto* p) { p->mutable_staged()->add_stages()->set_users(UINT64_MAX); },
       "staged.stages[0].users must be at most 1000000000"},
      {[](Proto* p) { p->mutable_staged()->add_stages()->set_spawn_rate(-1); },
       "staged.stages[0].spawn_rate must be a number from 0"},
      {[](Proto* p) { p->mutable_arrival()->add_stages()->set_rate(kNan); },
       "arrival.stages[0].rate must be a number from 0"},
      {[](Proto* p) { p->mutable_arrival()->add_stages()->set_from_rate(1e300); },
       "arrival.stages[0].from_rate must be a number from 0"},
      {[](Proto* p) { p->mutable_arrival()->set_spacing(static_cast<v1::ArrivalSpacing>(5)); },
       "arrival.spacing must be from 1 to 2, got 5"},
      {[](Proto* p) { p->mutable_steps()->set_steps(-1); }, "steps.steps must be from 0"},
      {[](Proto* p) { p->mutable_curve()->add_points()->set_users(-1); },
       "curve.points[0].users must be a number from 0"},
      {[](Proto* p) { p->mutable_sine()->mutable_period()->set_seconds(1'000'000'000); },
       "sine.period must be a duration from 0s"},
      {[](Proto* p) { p->set_iterations(UINT64_MAX); }, "iterations must be at most"},
      {[](Proto* p) { p->mutable_warm_up()->set_seconds(-1); }, "warm_up must be a duration"},
  };
  for (const auto& [damage, message] : rows) {
    Proto proto;
    damage(&proto);
    LoadProfile read;
    EXPECT_TRUE(Mentions(Read(proto, &read), message));
  }
}

TEST(LoadProfileProtoTest, EnumsOfProfilesCountAsTheProtosDo) {
  EXPECT_EQ(int(Arrival::Spacing::kEven) + 1, v1::ARRIVAL_SPACING_EVEN);
  EXPECT_EQ(int(Arrival::Spacing::kPoisson) + 1, v1::ARRIVAL_SPACING_POISSON);
}

}  // namespace
}  // namespace squall
