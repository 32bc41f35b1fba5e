// Several documents -> one: maps merge deeply, everything else of a later document replaces what
// was there. Every value keeps the mark of the text that it came from. Pure; any thread.
#pragma once

#include <string>

#include "daemon/plan/yaml_document.h"

namespace squall {

// `later` wins. A key with nothing behind it ("headers:" or "~") in `later` takes the key away.
// Where a section is a choice, the later choice replaces the earlier one:
//   load_profile  stages, arrival, shape or a number of users: another kind replaces the section
//   service       timeout, timeout_seconds and request_timeout_seconds are one setting
//   service.auth  basic or bearer
//   test_data.*   file or rows
//
// `path` says where `base` stands in the plan: "" for the whole.
void MergeYaml(const std::string& path, YamlNode* base, YamlNode later);

}  // namespace squall
