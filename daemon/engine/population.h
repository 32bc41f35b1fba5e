// The users of one shard: those that run, by number; those that leave and finish what they are at;
// and, in the open model, which of the running ones wait for an arrival. Loop thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "daemon/engine/program.h"
#include "daemon/engine/protocol.h"
#include "daemon/engine/user.h"

namespace squall {

class Population final {
 public:
  // All three outlive this. It must be empty when it dies: Abort, and let the loop turn.
  Population(UserHost* host, ShardClient* client, uint64_t seed);
  ~Population();
  Population(const Population&) = delete;
  Population& operator=(const Population&) = delete;

  // Makes the user and starts it; before this returns it runs up to its first wait, so it may be
  // idle already, or even have ended. `number` must not be running; a leaving user may still have
  // it.
  User* Spawn(uint64_t number, size_t class_index);

  // No further task: `finish_task` lets the present one end, otherwise its present step.
  void Leave(User* user, bool finish_task);
  void LeaveAll(bool finish_task);
  void LeaveFrom(uint64_t number, bool finish_task);    // this one and all above
  void LeaveNumber(uint64_t number, bool finish_task);  // if it runs
  // Those that leave end with their present step, whatever they were promised.
  void HurryLeaving();
  // Those that leave give up what they wait for.
  void AbortLeaving();
  // After a pause of the run: everyone looks again.
  void Nudge();

  // The user waits for an arrival.
  void AddIdle(User* user);
  // The one that was busy last, so that few users do most of the work and their connections stay
  // warm; nullptr when all of the class are busy.
  User* TakeIdle(size_t class_index);
  // Sends an idle user away, of the class that has most; false when everybody is busy.
  bool EvictIdle();
  size_t idle() const { return idle_count_; }

  // The loop of the user has ended; Reap frees it, outside of its coroutine.
  void NoteEnded(User* user) { ended_.push_back(user); }
  bool HasEnded() const { return !ended_.empty(); }
  void Reap();

  bool Contains(uint64_t number) const { return running_.contains(number); }
  size_t size() const { return running_.size(); }  // without those that leave
  bool empty() const { return running_.empty() && leaving_.empty(); }
  uint64_t started() const { return started_; }
  uint64_t stopped() const { return stopped_; }
  uint64_t ended_unasked() const { return ended_unasked_; }  // of those: nobody let them leave
  const std::vector<uint64_t>& by_class() const { return by_class_; }

 private:
  UserHost* const host_;
  ShardClient* const client_;
  const uint64_t seed_;
  std::map<uint64_t, std::unique_ptr<User>> running_;
  std::unordered_map<User*, std::unique_ptr<User>> leaving_;
  std::vector<User*> ended_;
  std::vector<std::vector<User*>> idle_;  // by class
  size_t idle_count_ = 0;
  std::vector<uint64_t> by_class_;
  uint64_t started_ = 0;
  uint64_t stopped_ = 0;
  uint64_t ended_unasked_ = 0;
};

}  // namespace squall
