#include "daemon/python/with_block.h"

#include <Python.h>
#include <opcode.h>

#include "daemon/python/py_ref.h"

namespace squall {

#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030E0000

// The instruction that comes after the call tells. What the interpreter keeps behind instructions
// reads as CACHE here.
bool IsCalledForWithBlock() {
  PyFrameObject* frame = PyEval_GetFrame();
  if (frame == nullptr) {
    return false;
  }
  const int last = PyFrame_GetLasti(frame);
  const PyRef code(reinterpret_cast<PyObject*>(PyFrame_GetCode(frame)));
  const PyRef text(PyCode_GetCode(reinterpret_cast<PyCodeObject*>(code.get())));
  if (!text) {
    PyErr_Clear();
    return false;
  }
  const char* bytes = PyBytes_AS_STRING(text.get());
  const Py_ssize_t size = PyBytes_GET_SIZE(text.get());
  constexpr int kInstructionBytes = 2;
  for (Py_ssize_t at = last + kInstructionBytes; last >= 0 && at < size; at += kInstructionBytes) {
    const auto opcode = static_cast<unsigned char>(bytes[at]);
    if (opcode != CACHE && opcode != CALL) {
      return opcode == BEFORE_WITH;
    }
  }
  return false;
}

#else

bool IsCalledForWithBlock() { return false; }

#endif

}  // namespace squall
