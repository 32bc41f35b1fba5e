#include "daemon/net/co.h"

#include <array>
#include <cstdlib>
#include <new>

namespace squall {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kPooled = false;
#else
constexpr bool kPooled = true;
#endif

constexpr size_t kGranule = 64;
constexpr size_t kClassCount = 64;  // frames up to 4 KiB are pooled

struct FreeFrameNode {
  FreeFrameNode* next;
};

// Frees the pooled frames when the loop's thread ends.
struct FramePool {
  std::array<FreeFrameNode*, kClassCount> heads{};
  ~FramePool() {
    for (FreeFrameNode* head : heads) {
      while (head != nullptr) {
        FreeFrameNode* next = head->next;
        std::free(head);
        head = next;
      }
    }
  }
};

thread_local FramePool frame_pool;

size_t ClassOf(size_t size) { return (size + kGranule - 1) / kGranule - 1; }

}  // namespace

void* AllocateFrame(size_t size) {
  const size_t index = ClassOf(size);
  if (kPooled && index < kClassCount) {
    if (FreeFrameNode* node = frame_pool.heads[index]; node != nullptr) {
      frame_pool.heads[index] = node->next;
      return node;
    }
    size = (index + 1) * kGranule;
  }
  void* frame = std::malloc(size);
  SQUALL_CHECK(frame != nullptr);
  return frame;
}

void FreeFrame(void* frame, size_t size) {
  const size_t index = ClassOf(size);
  if (!kPooled || index >= kClassCount) {
    std::free(frame);
    return;
  }
  auto* node = static_cast<FreeFrameNode*>(frame);
  node->next = frame_pool.heads[index];
  frame_pool.heads[index] = node;
}

}  // namespace squall
