#include "daemon/gateway/visit_counter.h"

#include <utility>

namespace squall {

class VisitCounter::CountedFeed final : public EventFeed {
 public:
  CountedFeed(std::unique_ptr<EventFeed> feed, std::shared_ptr<Counts> counts)
      : feed_(std::move(feed)), counts_(std::move(counts)) {
    ++counts_->open_streams;
  }
  ~CountedFeed() override { --counts_->open_streams; }
  CountedFeed(const CountedFeed&) = delete;
  CountedFeed& operator=(const CountedFeed&) = delete;

  Piece Next() override { return feed_->Next(); }

 private:
  const std::unique_ptr<EventFeed> feed_;
  const std::shared_ptr<Counts> counts_;
};

VisitCounter::VisitCounter() : counts_(std::make_shared<Counts>()) {}

HttpHandler VisitCounter::Watch(HttpHandler handler) const {
  return [counts = counts_, handler = std::move(handler)](const HttpRequest& request) {
    HttpReply reply = handler(request);
    {
      const std::lock_guard<std::mutex> lock(counts->mutex);
      ++counts->replies[reply.status];
    }
    if (reply.feed != nullptr) {
      reply.feed = std::make_unique<CountedFeed>(std::move(reply.feed), counts);
    }
    return reply;
  };
}

std::function<void(int)> VisitCounter::Count() const {
  return [counts = counts_](int status) {
    const std::lock_guard<std::mutex> lock(counts->mutex);
    ++counts->replies[status];
  };
}

std::map<int, uint64_t> VisitCounter::replies() const {
  const std::lock_guard<std::mutex> lock(counts_->mutex);
  return counts_->replies;
}

uint64_t VisitCounter::open_streams() const { return counts_->open_streams; }

}  // namespace squall
