// Shortcuts for tests that read plans from text.
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <absl/status/statusor.h>
#include <gtest/gtest.h>

#include "daemon/plan/parse_plan.h"

namespace squall {

// One class with one task, so that a test only says what it is about.
inline constexpr char kUsersYaml[] = R"(
users:
  - name: Shopper
    tasks:
      - name: browse
        steps: [{get: /products}]
)";

inline std::string ReadFileOrDie(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

inline PlanInputs InputsOf(const std::vector<std::string>& texts) {
  PlanInputs inputs;
  for (size_t i = 0; i < texts.size(); ++i) {
    inputs.texts.push_back(
        {i == 0 ? "plan.yaml" : "plan" + std::to_string(i + 1) + ".yaml", texts[i]});
  }
  return inputs;
}

inline PlanResult ParseText(const std::string& text) { return ParsePlan(InputsOf({text})); }
// The text and a class to run it.
inline PlanResult ParseWithUsers(const std::string& text) { return ParseText(text + kUsersYaml); }

// All errors, a line each; "" when there are none.
inline std::string ErrorText(const PlanResult& result) {
  std::string text;
  for (const PlanError& error : result.errors) {
    text += error.ToString() + "\n";
  }
  return text;
}

// A task around the steps, which are YAML list items with no indentation.
inline std::string PlanWithSteps(const std::string& steps) {
  std::string indented;
  size_t start = 0;
  while (start < steps.size()) {
    const size_t end = std::min(steps.find('\n', start), steps.size());
    indented += "          " + steps.substr(start, end - start) + "\n";
    start = end + 1;
  }
  return "users:\n  - name: Shopper\n    tasks:\n      - name: browse\n        steps:\n" + indented;
}

// The plan with these steps is refused with a text that holds the message.
inline void ExpectStepsError(const std::string& steps, const std::string& message) {
  const std::string errors = ErrorText(ParseText(PlanWithSteps(steps)));
  EXPECT_NE(errors.find(message), std::string::npos) << steps << "\n" << errors;
}

}  // namespace squall
