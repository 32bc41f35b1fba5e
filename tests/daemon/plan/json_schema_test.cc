// The schema and the parser must agree; schema_check.py has the schema's side.
#include "daemon/plan/json_schema.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "daemon/plan/value.h"
#include "tests/daemon/plan/plan_fixture.h"

namespace squall {
namespace {

const std::string kSource = SQUALL_SOURCE_DIR;
const std::string kData = kSource + "/tests/daemon/plan/data/";

// Reads beside the plans; certificates are not looked into.
absl::StatusOr<std::string> ReadBeside(const std::string& path) {
  if (path.ends_with(".pem") || path.ends_with(".key")) {
    return std::string("-----BEGIN CERTIFICATE-----\n");
  }
  return ReadFileOrDie(path);
}

std::vector<std::string> YamlFilesIn(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") {
      files.push_back(entry.path().string());
    }
  }
  return files;
}

PlanResult ParseOver(const std::string& base, const std::string& file) {
  PlanInputs inputs;
  inputs.texts.push_back({base, ReadFileOrDie(base)});
  if (file != base) {
    inputs.texts.push_back({file, ReadFileOrDie(file)});
  }
  inputs.read_file = ReadBeside;
  return ParsePlan(inputs);
}

// The documents of a file with "---" lines.
std::vector<std::string> SplitDocuments(const std::string& text) {
  std::vector<std::string> documents;
  size_t start = 0;
  while (start < text.size()) {
    const size_t end = std::min(text.find("\n---\n", start), text.size());
    documents.push_back(text.substr(start, end - start) + "\n");
    start = end + 5;
  }
  return documents;
}

TEST(JsonSchemaTest, ItIsJsonAndRefusesUnknownKeys) {
  const std::string schema = PlanJsonSchema();
  EXPECT_EQ(schema.back(), '\n');
  const absl::StatusOr<Value> value = ParseJson(schema);
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(*value->Find("additionalProperties"), Value(false));
}

TEST(JsonSchemaTest, TheParserTakesTheExamplesWithEveryKey) {
  const std::string base = kData + "every_key/main.yaml";
  for (const std::string& file : YamlFilesIn(kData + "every_key")) {
    const PlanResult result = ParseOver(base, file);
    EXPECT_EQ(ErrorText(result), "") << file;
  }
}

TEST(JsonSchemaTest, TheParserRefusesWhatTheSchemaRefuses) {
  const std::vector<std::string> documents = SplitDocuments(ReadFileOrDie(kData + "refused.yaml"));
  EXPECT_GT(documents.size(), 50U);
  for (const std::string& document : documents) {
    const bool has_users = document.find("users: [{name") != std::string::npos ||
                           document.find("users: []") != std::string::npos;
    const PlanResult result = has_users ? ParseText(document) : ParseWithUsers(document);
    EXPECT_NE(ErrorText(result), "") << document;
  }
}

TEST(JsonSchemaTest, TheSchemaTakesAndRefusesTheSame) {
  const std::string schema_file = testing::TempDir() + "/squall_plan_schema.json";
  std::ofstream(schema_file) << PlanJsonSchema();
  std::string command = "/usr/bin/python3 " + kSource + "/tests/daemon/plan/schema_check.py " +
                        schema_file + " " + kData + "refused.yaml " + kData + "seed_config.yaml";
  for (const std::string& folder : {kData + "every_key", kSource + "/config/plans"}) {
    for (const std::string& file : YamlFilesIn(folder)) {
      command += " " + file;
    }
  }
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string output;
  std::array<char, 4096> block;
  while (const size_t length = fread(block.data(), 1, block.size(), pipe)) {
    output.append(block.data(), length);
  }
  EXPECT_EQ(pclose(pipe), 0) << output;
}

}  // namespace
}  // namespace squall
