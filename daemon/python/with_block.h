// Whether a call that is going on is the head of a with-block. GIL held.
#pragma once

namespace squall {

// True when the Python code that has called this C function does `with <the call> …:`. False also
// when that cannot be seen, as in a function that only passes the result on.
bool IsCalledForWithBlock();

}  // namespace squall
