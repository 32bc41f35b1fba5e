#include "daemon/python/user_handle.h"

#include <memory>

#include "daemon/python/python_user.h"
#include "tests/daemon/python/python_host.h"

namespace squall {
namespace {

class UserHandleTest : public EmbeddedPython {
 protected:
  UserHandleTest() { Let("handle", handle.get()); }

  // Whether a request may start; the exception otherwise.
  std::string MayGoOnSays(PyObject* object) {
    if (MayGoOn(object)) {
      return "yes";
    }
    return std::string(TakePythonError("").message());
  }

  PythonHost host{reactor.get()};
  PythonUser user{&host, hub.get(), Py_None, 7, 2};
  const PyRef handle{MakeUserHandle(&user)};
};

TEST_F(UserHandleTest, ShowsWhoTheUserIs) {
  EXPECT_EQ(Ask("handle.number, handle.class_index, handle.stopping"), "(7, 2, 0)");
  user.RequestStop(/*finish_task=*/true);
  EXPECT_EQ(Ask("handle.stopping"), "1");
  user.Abort();
  EXPECT_EQ(Ask("handle.stopping"), "2");
}

TEST_F(UserHandleTest, CannotBeMadeOrChangedByPythonCode) {
  EXPECT_EQ(Ask("type(handle)()"), "TypeError: cannot create '_squall.UserHandle' instances");
  EXPECT_TRUE(Ask("setattr(handle, 'number', 1)").starts_with("AttributeError"));
}

TEST_F(UserHandleTest, OnlyAUserThatIsToStopNowMayNotGoOn) {
  EXPECT_EQ(MayGoOnSays(handle.get()), "yes");
  user.RequestStop(/*finish_task=*/true);
  EXPECT_EQ(MayGoOnSays(handle.get()), "yes");
  user.RequestStop(/*finish_task=*/false);
  EXPECT_EQ(MayGoOnSays(handle.get()), ": GreenletExit: ");
  user.BeginOnStop();
  EXPECT_EQ(MayGoOnSays(handle.get()), "yes");
}

TEST_F(UserHandleTest, WhatIsNoHandleIsNoHindrance) {
  EXPECT_EQ(MayGoOnSays(nullptr), "yes");
  EXPECT_EQ(MayGoOnSays(Py_None), "yes");
  EXPECT_FALSE(TakeIntendedStart(nullptr).has_value());
  EXPECT_FALSE(TakeIntendedStart(Py_None).has_value());
}

TEST_F(UserHandleTest, GivesTheIntendedStartOnce) {
  EXPECT_FALSE(TakeIntendedStart(handle.get()).has_value());
  Run("handle.intended(0.5)");
  EXPECT_TRUE(TakeIntendedStart(handle.get()).has_value());
  EXPECT_FALSE(TakeIntendedStart(handle.get()).has_value());
}

TEST_F(UserHandleTest, RefusesWhatIsNoNumber) {
  EXPECT_TRUE(Ask("handle.pause('soon')").starts_with("TypeError"));
  EXPECT_TRUE(Ask("handle.intended(None)").starts_with("TypeError"));
}

TEST_F(UserHandleTest, IsHarmlessOnceDetached) {
  user.Abort();
  DetachUserHandle(handle.get());
  EXPECT_EQ(Ask("handle.number, handle.class_index, handle.stopping"), "(7, 2, 2)");
  EXPECT_EQ(Ask("handle.begin(), handle.begin_task(), handle.end_task(), handle.pause(1e9)"),
            "(False, False, None, None)");
  EXPECT_EQ(Ask("handle.begin_on_stop(), handle.intended(1), handle.ended()"),
            "(None, None, None)");
  EXPECT_EQ(MayGoOnSays(handle.get()), "yes");
  EXPECT_FALSE(TakeIntendedStart(handle.get()).has_value());
  EXPECT_TRUE(host.ended.empty());
  EXPECT_EQ(host.iterations, 0U);
}

}  // namespace
}  // namespace squall
