#include "daemon/coordinator/roster.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/check.h"
#include "daemon/base/units.h"
#include "daemon/coordinator/roster_member.h"

namespace squall {
namespace {

// A share moves this much after it was decided, so that all have heard of it by then.
constexpr Nanos kMoveLead = std::chrono::milliseconds(250);
// What survivors take over starts this fast, so that the total is back within seconds.
constexpr double kTakeoverRate = 1000;
constexpr Nanos kBackoffMin = std::chrono::milliseconds(100);
constexpr Nanos kBackoffMax = std::chrono::seconds(2);
constexpr Nanos kDisbandPatience = std::chrono::seconds(2);
// An agent that keeps falling silent is not worth the moving.
constexpr uint32_t kReturnsMax = 3;

}  // namespace

Roster::Roster(RosterOptions options, const Plan* plan, const RunSettings* settings,
               Membership members, Inbox* inbox, Listener* listener, const Clock* clock)
    : options_(std::move(options)),
      plan_(plan),
      settings_(settings),
      membership_(std::move(members)),
      inbox_(inbox),
      listener_(listener),
      clock_(clock),
      rng_(MixSeed(static_cast<uint64_t>(clock->Wall().time_since_epoch().count()))) {
  wish_.epoch = membership_.epoch();
}

Roster::~Roster() = default;

Roster::Member* Roster::Add(AgentTarget target, size_t index) {
  members_.push_back(std::make_unique<Member>(std::move(target), index, options_.link, inbox_));
  return members_.back().get();
}

void Roster::AddInitial(AgentTarget target) {
  SQUALL_CHECK(members_.size() < membership_.size());
  Add(std::move(target), members_.size())->admitted = true;
}

void Roster::AddResumed(AgentTarget target, Snapshot snapshot, MemberFate fate) {
  SQUALL_CHECK(members_.size() < membership_.size());
  Member* member = Add(std::move(target), members_.size());
  member->snapshot = std::move(snapshot);
  member->heard_at = clock_->Now();
  AgentProgress* progress = &member->progress;
  progress->to_attach = true;
  if (fate == MemberFate::kPresent && !IsFinal(member->snapshot.state) &&
      membership_.assignment(member->index).classes.empty()) {
    member->joins = true;  // how far it has come, it will say itself
    return;
  }
  member->admitted = true;
  progress->probes = kClockProbes;
  progress->prepared = progress->started = true;
  progress->lost = fate != MemberFate::kPresent;
  progress->over = IsFinal(member->snapshot.state) && !progress->lost;
  member->gone = fate == MemberFate::kGone;
  if (progress->lost) {
    const std::string error = member->snapshot.error;
    MarkLost(error.empty() ? "lost" : error, &member->snapshot);
    ++lost_;
  }
}

void Roster::Join(AgentTarget target) {
  const auto here = [&](const auto& member) {
    return !target.address.empty() && member->target.address == target.address && !member->gone &&
           !member->progress.lost && !member->progress.over;
  };
  if (std::any_of(members_.begin(), members_.end(), here)) {
    // One process under two names would count twice.
    listener_->OnNote(fmt::format("agent '{}' takes part already", target.name));
    return;
  }
  target.name = UniqueName(target.name);
  Member* member = Add(std::move(target), membership_.Add());
  member->joins = true;
  listener_->OnNote(fmt::format("agent '{}' joins", member->target.name));
}

bool Roster::Leave(const std::string& name) {
  const auto takes_part = [](const auto& member) {
    const AgentProgress& progress = member->progress;
    return member->admitted && !member->leaves && !member->gone && progress.started &&
           !progress.lost && !progress.over;
  };
  const auto found = std::find_if(members_.begin(), members_.end(), [&](const auto& member) {
    return member->target.name == name && takes_part(member);
  });
  if (found == members_.end() || std::count_if(members_.begin(), members_.end(), takes_part) < 2) {
    return false;
  }
  Member* member = found->get();
  member->leaves = true;
  listener_->OnNote(fmt::format("agent '{}' leaves", name));
  BeginEpoch(membership_.Remove(member->index), listener_->JoinRate(Elapsed()));
  return true;
}

std::string Roster::UniqueName(const std::string& name) const {
  std::string unique = name;
  const auto taken = [&](const auto& member) { return member->target.name == unique; };
  for (int copy = 2; std::any_of(members_.begin(), members_.end(), taken); ++copy) {
    unique = fmt::format("{}#{}", name, copy);
  }
  return unique;
}

void Roster::Start(WallTime at) {
  start_at_ = at;
  wish_.started = true;
}

void Roster::Apply(const RunControl& control) {
  control_ = control;
  wish_.paused = control.paused;
  wish_.stop = control.stop;
  // Said again: the one before may have been cut off between storing and saying it.
  wish_.load_version = control.load.has_value() || control.profile.has_value() ? 1 : 0;
}

void Roster::SetLoad(const LoadRequest& load) {
  control_.load = load;
  ++wish_.load_version;
}

void Roster::SetProfile(const LoadProfile& profile) {
  control_.profile = profile;
  ++wish_.load_version;
}

void Roster::SetPaused(bool paused) {
  control_.paused = paused;
  wish_.paused = paused;
}

void Roster::SetStop(StopLevel level, const std::string& reason) {
  if (control_.stop == StopLevel::kNone) {
    control_.stop_reason = reason;
  }
  control_.stop = std::max(control_.stop, level);
  wish_.stop = control_.stop;
}

bool Roster::AllReady() const {
  return std::all_of(members_.begin(), members_.end(),
                     [](const auto& member) { return member->joins || member->progress.prepared; });
}

bool Roster::AllOver() const {
  return std::all_of(members_.begin(), members_.end(), [](const auto& member) {
    return member->progress.over || member->progress.lost || !member->admitted || member->gone;
  });
}

Nanos Roster::Elapsed() const {
  Nanos elapsed = std::max(Nanos(0), clock_->Wall() - start_at_);
  if (std::any_of(members_.begin(), members_.end(),
                  [](const auto& member) { return member->snapshot.sequence > 0; })) {
    elapsed = Nanos(0);  // they know better: the run may have been paused
  }
  for (const auto& member : members_) {
    if (member->snapshot.state == RunState::kRunning && !member->progress.lost) {
      elapsed = std::max(elapsed, member->snapshot.elapsed + (clock_->Now() - member->heard_at));
    } else {
      elapsed = std::max(elapsed, member->snapshot.elapsed);
    }
  }
  return elapsed;
}

std::vector<const Snapshot*> Roster::Snapshots() const {
  std::vector<const Snapshot*> snapshots;
  for (const auto& member : members_) {
    if (member->snapshot.sequence > 0) {
      snapshots.push_back(&member->snapshot);
    }
  }
  return snapshots;
}

std::vector<MemberRecord> Roster::Records() const {
  std::vector<MemberRecord> records;
  for (const auto& member : members_) {
    if (member->gone && !member->progress.lost) {
      continue;  // has never taken part
    }
    MemberRecord* record = &records.emplace_back();
    record->name = member->target.name;
    record->address = member->target.address;
    record->assignment = membership_.assignment(member->index);
    if (member->progress.lost) {
      record->fate = member->gone ? MemberFate::kGone : MemberFate::kLost;
    }
    if (member->leaves && member->progress.over) {
      record->fate = MemberFate::kGone;
    }
    if (member->progress.over && member->snapshot.sequence > 0) {
      record->last = member->snapshot;
    }
  }
  return records;
}

void Roster::Advance(TimePoint listening_since) {
  for (size_t i = 0; i < members_.size(); ++i) {  // grows while it goes on
    Member* member = members_[i].get();
    AgentProgress* progress = &member->progress;
    const bool waits = progress->started && !progress->over && !progress->lost;
    if (waits && listening_since - member->heard_at > options_.loss_timeout) {
      Lose(member, fmt::format("silent for {}", FormatTimeSpan(options_.loss_timeout)));
    }
    Advance(member);
  }
}

void Roster::Advance(Member* member) {
  if (member->busy || member->gone || disbanding_ || clock_->Now() < member->retry_at) {
    return;
  }
  const Command command = NextCommand(wish_, member->progress);
  if (command != Command::kNone) {
    Send(member, command);
  } else if (member->progress.started && !member->watching && !member->progress.over &&
             (!member->progress.lost || member->progress.fenced)) {
    Watch(member);
  }
}

void Roster::Send(Member* member, Command command) {
  member->busy = true;
  AgentLink* link = &member->link;
  const std::string& run = options_.run_id;
  const uint64_t epoch = wish_.epoch;
  const auto done = [this, member, command, epoch](const absl::Status& status) {
    if (status.ok() && command == Command::kReassign) {
      member->progress.epoch = epoch;
    }
    OnReply(member, command, status, {});
  };
  const auto reply = [this, member, command, epoch](const absl::Status& status,
                                                    const AgentReply& answer) {
    if (status.ok() && command == Command::kPrepare) {
      member->progress.epoch = epoch;
    }
    OnReply(member, command, status, answer);
  };
  switch (command) {
    case Command::kProbe:
      member->asked_at = clock_->Now();
      member->asked_wall = clock_->Wall();
      link->GetStatus(reply);
      break;
    case Command::kPrepare:
      link->Prepare(run, epoch, options_.owner, *plan_, membership_.assignment(member->index),
                    *settings_, reply);
      break;
    case Command::kStart:
      link->Start(run, epoch, StartOf(*member), done);
      break;
    case Command::kAttach:
      link->Attach(run, epoch, options_.owner, reply);
      break;
    case Command::kReassign:
      link->Reassign(run, epoch, membership_.assignment(member->index), move_, done);
      break;
    case Command::kSetLoad:
      member->asked_load = wish_.load_version;
      link->SetLoad(run, epoch, {control_.profile, control_.load}, done);
      break;
    case Command::kPause:
      link->Pause(run, epoch, done);
      break;
    case Command::kResume:
      link->Resume(run, epoch, done);
      break;
    case Command::kStop:
      link->Stop(run, epoch, member->leaves ? "left the run" : control_.stop_reason,
                 wish_.stop == StopLevel::kImmediate, done);
      break;
    case Command::kFence:
      link->Stop(run, epoch, "others have taken over its part", /*immediate=*/true, done);
      break;
    case Command::kNone:
      member->busy = false;
      break;
  }
}

void Roster::OnReply(Member* member, Command command, const absl::Status& status,
                     const AgentReply& reply) {
  member->busy = false;
  if (status.ok()) {
    member->retries = 0;
    OnDone(member, command, reply);
  } else {
    OnRefused(member, command, status);
  }
  Advance(member);
}

void Roster::OnDone(Member* member, Command command, const AgentReply& reply) {
  AgentProgress* progress = &member->progress;
  switch (command) {
    case Command::kProbe:
      OnProbed(member, reply);
      break;
    case Command::kPrepare:
      OnPrepared(member, reply);
      break;
    case Command::kStart:
      progress->started = true;
      member->heard_at = clock_->Now() + std::max(Nanos(0), start_at_ - clock_->Wall());
      Watch(member);
      break;
    case Command::kAttach:
      OnAttached(member, reply);
      break;
    case Command::kSetLoad:
      progress->load_version = member->asked_load;
      break;
    case Command::kPause:
    case Command::kResume:
      progress->paused = command == Command::kPause;
      break;
    case Command::kStop:
      progress->stop = std::max(progress->stop, StopLevel::kGraceful);
      if (wish_.stop == StopLevel::kImmediate) {
        progress->stop = StopLevel::kImmediate;
      }
      break;
    case Command::kFence:
      progress->fenced = true;
      listener_->OnNote(fmt::format("agent '{}' is back and was stopped: others have its part",
                                    member->target.name));
      break;
    case Command::kReassign:
    case Command::kNone:
      break;
  }
}

void Roster::OnAttached(Member* member, const AgentReply& reply) {
  AgentProgress* progress = &member->progress;
  progress->to_attach = false;
  progress->paused = reply.state == RunState::kPaused;
  if (member->joins) {
    progress->started = reply.state == RunState::kRunning || progress->paused;
    progress->prepared = progress->started || reply.state == RunState::kPrepared;
  }
  if (progress->started) {
    member->heard_at = clock_->Now();
    Watch(member);
  }
}

// The offset of the quickest of several round trips is the closest.
void Roster::OnProbed(Member* member, const AgentReply& reply) {
  const Nanos trip = clock_->Now() - member->asked_at;
  ++member->progress.probes;
  if (trip < member->best_trip) {
    member->best_trip = trip;
    member->clock_offset = reply.now - (member->asked_wall + trip / 2);
  }
}

void Roster::OnPrepared(Member* member, const AgentReply& reply) {
  member->progress.prepared = true;
  if (digest_.empty()) {
    digest_ = reply.plan_digest;
  } else if (reply.plan_digest != digest_) {
    const absl::Status status = absl::FailedPreconditionError(
        fmt::format("agent '{}' understood the plan differently from the others: run the same "
                    "version of squalld everywhere",
                    member->target.name));
    member->joins ? Drop(member, status) : listener_->OnFatal(status);
  }
}

void Roster::OnRefused(Member* member, Command command, const absl::Status& status) {
  AgentProgress* progress = &member->progress;
  if (IsFenced(status) && !progress->lost) {
    listener_->OnFatal(status);
    return;
  }
  const bool unknown = status.code() == absl::StatusCode::kNotFound;
  if (!progress->started) {
    if (command == Command::kAttach && unknown) {
      progress->to_attach = false;  // it had not come far: from the beginning
    } else if (member->joins) {
      Drop(member, status);
    } else if (wish_.started && status.code() == absl::StatusCode::kUnavailable) {
      Lose(member, Text(status));  // it was there a moment ago
    } else {
      listener_->OnFatal(status);
    }
    return;
  }
  if (command == Command::kFence) {
    if (unknown || IsFenced(status)) {
      progress->fenced = true;
      Readmit(member);  // it is there, but not with our run: nothing more to hear of that
      return;
    }
  } else if (unknown) {
    Lose(member, "it does not hold the run any more; was squalld restarted?");
  } else if (status.code() != absl::StatusCode::kUnavailable) {
    // It will not think better of it. Said once, and what it has not done shows in the figures.
    listener_->OnNote(Text(status));
    progress->epoch = command == Command::kReassign ? wish_.epoch : progress->epoch;
    OnDone(member, command, {});
    return;
  }
  member->retry_at = clock_->Now() + Backoff(member);
}

Nanos Roster::Backoff(Member* member) {
  const uint32_t doublings = std::min<uint32_t>(member->retries++, 10);
  const Nanos base = std::min(kBackoffMax, kBackoffMin * (int64_t{1} << doublings));
  return base * rng_.Between(75, 125) / 100;
}

// The profile's time 0 by the agent's own clock. For one that joins it follows from what the run's
// clock shows now, which stood still while the run was paused.
WallTime Roster::StartOf(const Member& member) const {
  const WallTime start =
      member.joins && clock_->Wall() > start_at_ ? clock_->Wall() - Elapsed() : start_at_;
  return start + member.clock_offset;
}

void Roster::Watch(Member* member) {
  member->watching = true;
  member->link.Watch(
      options_.run_id, options_.watch_interval,
      [this, member](Snapshot snapshot) { OnSnapshot(member, std::move(snapshot)); },
      [this, member](const absl::Status& status) { OnStreamEnd(member, status); });
}

void Roster::OnSnapshot(Member* member, Snapshot snapshot) {
  if (snapshot.run_id != options_.run_id || snapshot.sequence <= member->snapshot.sequence) {
    return;  // repeated or late
  }
  if (member->progress.lost) {
    HearReturned(member, std::move(snapshot));
    return;
  }
  const bool was_over = member->progress.over;
  member->retries = 0;
  member->heard_at = clock_->Now();
  member->progress.over = IsFinal(snapshot.state);
  member->snapshot = std::move(snapshot);
  if (!member->admitted && !member->progress.over) {
    Admit(member);
  }
  if (member->leaves) {
    HearLeaving(member);
    return;
  }
  if (member->progress.over && !was_over && member->admitted &&
      listener_->LeftEarly(member->snapshot)) {
    listener_->OnWarning(HowItLeft(member->target.name, member->snapshot));
    HandOver(member);
  }
}

// Whoever leaves is done when it has heard so and its last user has gone; its end is not the run's.
void Roster::HearLeaving(Member* member) {
  AgentProgress* progress = &member->progress;
  Snapshot* last = &member->snapshot;
  last->stop_reason.clear();
  if (progress->over) {
    listener_->OnNote(fmt::format("agent '{}' has left", member->target.name));
    listener_->OnMembers();
  } else if (progress->epoch == wish_.epoch && last->epoch == wish_.epoch &&
             last->UserCount() == 0 && last->open_requests == 0) {
    progress->drained = true;
  }
}

// It counts what it has done, while others do its part; once it has stopped it may help them.
void Roster::HearReturned(Member* member, Snapshot snapshot) {
  const bool over = IsFinal(snapshot.state);
  Snapshot* last = &member->snapshot;
  const std::string error = last->error;
  *last = std::move(snapshot);
  MarkLost(error, last);
  if (over && member->progress.fenced && !member->gone) {
    Readmit(member);
  }
}

// The agent may help again, as one that joins.
void Roster::Readmit(Member* member) {
  member->gone = true;
  member->progress.over = true;
  if (member->returns < kReturnsMax && wish_.stop == StopLevel::kNone &&
      !plan_->load_profile.iterations.has_value()) {
    const uint32_t returns = member->returns + 1;
    Join(member->target);
    members_.back()->returns = returns;
  }
  listener_->OnMembers();  // whoever comes next must not stop it for what it was before
}

void Roster::OnStreamEnd(Member* member, const absl::Status& status) {
  member->watching = false;
  if (member->progress.over || member->gone) {
    return;
  }
  if (status.code() == absl::StatusCode::kNotFound && !member->progress.lost) {
    Lose(member, "it does not hold the run any more; was squalld restarted?");
  }
  // Any other end may be the network's; silence will tell.
  member->retry_at = clock_->Now() + Backoff(member);
}

void Roster::Lose(Member* member, const std::string& why) {
  member->progress.lost = true;
  ++lost_;
  MarkLost(fmt::format("lost: {}", why), &member->snapshot);
  listener_->OnWarning(fmt::format("agent '{}' was lost: {}", member->target.name, why));
  HandOver(member);
}

void Roster::Tell(const std::string& agent, const ScriptMessage& message) {
  for (const auto& member : members_) {
    if (member->progress.prepared && (agent.empty() || agent == member->target.name)) {
      member->link.Tell(options_.run_id, wish_.epoch, message);
    }
  }
}

// The users of a member that is gone go to the others; nobody else's move.
void Roster::HandOver(Member* member) {
  BeginEpoch(membership_.Remove(member->index), kTakeoverRate);
}

void Roster::Admit(Member* member) {
  member->admitted = true;
  BeginEpoch(membership_.Admit(member->index), listener_->JoinRate(Elapsed()));
}

void Roster::BeginEpoch(std::vector<ResidueClass> moving, double rate) {
  move_.moving = std::move(moving);
  move_.rate = rate;
  move_.at.reset();
  if (!wish_.paused) {  // the run's clock stands still in a pause, and with it the moment
    move_.at = Elapsed() + kMoveLead;
  }
  wish_.epoch = membership_.epoch();
  listener_->OnMembers();
}

void Roster::Drop(Member* member, const absl::Status& why) {
  member->gone = true;
  listener_->OnWarning(fmt::format("did not join: {}", Text(why)));
  listener_->OnMembers();
}

void Roster::Disband() {
  disbanding_ = true;
  const TimePoint deadline = clock_->Now() + kDisbandPatience;
  const auto open = std::make_shared<size_t>(0);
  bool waiting = true;
  while (waiting && clock_->Now() < deadline) {
    waiting = false;
    for (const auto& member : members_) {
      if (member->progress.probes == 0 || member->gone) {
        continue;  // it has never answered
      }
      if (member->busy) {
        waiting = true;  // a Prepare that is under way would come after the Stop
        continue;
      }
      member->gone = true;
      ++*open;
      // One that does not hear it drops a run that nobody watches by itself.
      member->link.Stop(options_.run_id, wish_.epoch, "the run could not begin",
                        /*immediate=*/true, [open](const absl::Status& /*status*/) { --*open; });
    }
    waiting = waiting || *open > 0;
    if (waiting) {
      inbox_->RunSome(deadline - clock_->Now());
    }
  }
}

}  // namespace squall
