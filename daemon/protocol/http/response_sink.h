// What a reader of replies keeps of each. A value of pointers; see ResponseReader.
#pragma once

#include <string>

namespace squall {

// Which parts to keep, and where. All pointers are optional and outlive the reader.
struct ResponseSink {
  std::string* body = nullptr;     // as it came, before decompression
  std::string* headers = nullptr;  // "Name: value\r\n" lines
  std::string* location = nullptr;
  std::string* set_cookies = nullptr;  // values, one per line
  std::string* reason = nullptr;       // of the status line
};

}  // namespace squall
