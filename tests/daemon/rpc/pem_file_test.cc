#include "daemon/rpc/pem_file.h"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/temp_directory.h"

namespace squall {
namespace {

class PemFileTest : public testing::Test {
 protected:
  std::string Write(const std::string& text) const {
    const std::string path = directory_.path() / "file.pem";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  const TempDirectory directory_;
};

TEST_F(PemFileTest, TheTextComesAsItIs) {
  EXPECT_EQ(*ReadPemFile("--tls-cert", Write("-----BEGIN\r\nx\n")), "-----BEGIN\r\nx\n");
}

TEST_F(PemFileTest, NoPathIsNoText) { EXPECT_EQ(*ReadPemFile("--tls-cert", ""), ""); }

TEST_F(PemFileTest, WhatCannotBeReadIsNamedWithItsFlag) {
  for (const std::string& path :
       {std::string(directory_.path() / "none"), std::string(directory_.path()), Write("")}) {
    const absl::Status status = ReadPemFile("--tls-cert", path).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(status.message(),
              "--tls-cert must be a readable file of at most 1 MiB, got '" + path + "'");
  }
}

TEST_F(PemFileTest, AFileMayHaveAMebibyte) {
  EXPECT_TRUE(ReadPemFile("--tls-cert", Write(std::string(1 << 20, 'x'))).ok());
  EXPECT_FALSE(ReadPemFile("--tls-cert", Write(std::string((1 << 20) + 1, 'x'))).ok());
}

}  // namespace
}  // namespace squall
