// What etcd and the watch cache are to the real server: objects, one counter of versions for all of
// them, and the recent changes of each type. Not thread-safe: FakeCluster guards it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

namespace squall {

// Shared between the store, the log and the watches that still have to send it; never changed.
using StoredObject = std::shared_ptr<const boost::json::object>;

struct FakeChange {
  enum class Type { kAdded, kModified, kDeleted };
  uint64_t version = 0;
  Type type = Type::kAdded;
  std::string key;        // "namespace/name"
  StoredObject object;    // the last state, with the version of the deletion, when deleted
  StoredObject previous;  // null when added
};

class FakeStore final {
 public:
  using Objects = std::map<std::string, StoredObject>;  // by "namespace/name"
  using Log = std::deque<FakeChange>;

  // The first version is chosen so that the number soon gets one more digit: whoever compares
  // versions as text fails early.
  explicit FakeStore(size_t log_length_max, uint64_t first_version = 90)
      : log_length_max_(log_length_max), version_(first_version) {}

  uint64_t version() const { return version_; }
  // Versions below this are forgotten: a watch or a list cannot go on from there.
  uint64_t oldest(std::string_view storage) const;

  const Objects& All(std::string_view storage) const;
  StoredObject Find(std::string_view storage, std::string_view key) const;
  // Gives it the next version and logs it; returns what is stored.
  StoredObject Put(const std::string& storage, const std::string& key, boost::json::object object);
  // nullptr when there is none.
  StoredObject Remove(const std::string& storage, const std::string& key);

  // What happened after `version`, oldest first. The pointer is good until the next write.
  const Log& ChangesOf(std::string_view storage) const;
  // As it was at `version`, which must not be forgotten.
  Objects AsOf(std::string_view storage, uint64_t version) const;
  // Forgets all changes up to now, as etcd does every five minutes.
  void Compact();
  // Counts on without a change: what other people's writes do to the version.
  void Skip(uint64_t versions) { version_ += versions; }

 private:
  struct Shelf {
    Objects objects;
    Log log;
    uint64_t oldest = 0;
  };
  void Note(Shelf* shelf, FakeChange change);

  const size_t log_length_max_;
  uint64_t version_;
  std::map<std::string, Shelf, std::less<>> shelves_;
};

}  // namespace squall
