#include "tests/support/kube/store.h"

#include <utility>

#include "tests/support/kube/json_tools.h"

namespace squall {

namespace json = boost::json;

uint64_t FakeStore::oldest(std::string_view storage) const {
  const auto found = shelves_.find(storage);
  return found == shelves_.end() ? 0 : found->second.oldest;
}

const FakeStore::Objects& FakeStore::All(std::string_view storage) const {
  static const Objects kNone;
  const auto found = shelves_.find(storage);
  return found == shelves_.end() ? kNone : found->second.objects;
}

StoredObject FakeStore::Find(std::string_view storage, std::string_view key) const {
  const Objects& objects = All(storage);
  const auto found = objects.find(std::string(key));
  return found == objects.end() ? nullptr : found->second;
}

StoredObject FakeStore::Put(const std::string& storage, const std::string& key,
                            json::object object) {
  Shelf& shelf = shelves_[storage];
  Plant(&object, "metadata.resourceVersion", std::to_string(++version_));
  StoredObject& place = shelf.objects[key];
  const StoredObject previous =
      std::exchange(place, std::make_shared<json::object>(std::move(object)));
  const auto type = previous == nullptr ? FakeChange::Type::kAdded : FakeChange::Type::kModified;
  Note(&shelf, {version_, type, key, place, previous});
  return place;
}

StoredObject FakeStore::Remove(const std::string& storage, const std::string& key) {
  Shelf& shelf = shelves_[storage];
  const auto found = shelf.objects.find(key);
  if (found == shelf.objects.end()) {
    return nullptr;
  }
  const StoredObject previous = found->second;
  shelf.objects.erase(found);
  auto last = std::make_shared<json::object>(*previous);
  Plant(last.get(), "metadata.resourceVersion", std::to_string(++version_));
  Note(&shelf, {version_, FakeChange::Type::kDeleted, key, last, previous});
  return last;
}

const FakeStore::Log& FakeStore::ChangesOf(std::string_view storage) const {
  static const Log kNone;
  const auto found = shelves_.find(storage);
  return found == shelves_.end() ? kNone : found->second.log;
}

FakeStore::Objects FakeStore::AsOf(std::string_view storage, uint64_t version) const {
  Objects objects = All(storage);
  const Log& log = ChangesOf(storage);
  for (auto change = log.rbegin(); change != log.rend() && change->version > version; ++change) {
    if (change->previous == nullptr) {
      objects.erase(change->key);
    } else {
      objects[change->key] = change->previous;
    }
  }
  return objects;
}

void FakeStore::Compact() {
  for (auto& [storage, shelf] : shelves_) {
    shelf.log.clear();
    shelf.oldest = version_;
  }
}

void FakeStore::Note(Shelf* shelf, FakeChange change) {
  shelf->log.push_back(std::move(change));
  if (shelf->log.size() > log_length_max_) {
    shelf->oldest = shelf->log.front().version;
    shelf->log.pop_front();
  }
}

}  // namespace squall
