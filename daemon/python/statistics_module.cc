#include "daemon/python/statistics_module.h"

#include <Python.h>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "daemon/base/units.h"
#include "daemon/python/lane.h"
#include "daemon/python/py_ref.h"

namespace squall {
namespace {

Lane* statistics_lane = nullptr;

constexpr double kMillisMax = 3.6e6 * 24;

double Millis(Nanos span) { return ToSeconds(span) * 1e3; }
double EpochSeconds(WallTime when) { return ToSeconds(when.time_since_epoch()); }

// None: nothing.
std::optional<std::string> OptionalText(PyObject* object) {
  if (!PyUnicode_Check(object)) {
    return std::nullopt;
  }
  return ReadableText(object);
}

// record(request_type, name, response_time_ms or None, response_length, error or None)
PyObject* RecordRequest(PyObject* /*module*/, PyObject* const* arguments, Py_ssize_t count) {
  if (count != 5) {
    PyErr_SetString(PyExc_TypeError, "record must get 5 arguments");
    return nullptr;
  }
  const PyRef type(PyObject_Str(arguments[0]));
  const PyRef name(PyObject_Str(arguments[1]));
  if (!type || !name) {
    return nullptr;
  }
  LaneContext* context = statistics_lane->context();
  Recorder* recorder = context->recorder();
  Sample sample;
  sample.entry = recorder->Intern(ReadableText(type.get()), ReadableText(name.get()));
  sample.phase = context->PhaseAt(context->reactor()->now());
  if (arguments[2] != Py_None) {
    const double millis = PyFloat_AsDouble(arguments[2]);
    if (millis == -1.0 && PyErr_Occurred() != nullptr) {
      return nullptr;
    }
    sample.service =
        FromSeconds(std::isfinite(millis) ? std::clamp(millis, 0.0, kMillisMax) / 1e3 : 0.0);
    sample.response = sample.service;
  }
  const double length = arguments[3] == Py_None ? 0 : PyFloat_AsDouble(arguments[3]);
  if (length == -1.0 && PyErr_Occurred() != nullptr) {
    PyErr_Clear();  // custom clients give what they like
  }
  sample.bytes_received = length > 0 && length < 1e15 ? static_cast<uint64_t>(length) : 0;
  const std::optional<std::string> error = OptionalText(arguments[4]);
  sample.ok = !error.has_value();
  if (error.has_value()) {
    sample.failure = *error;
  }
  recorder->Record(sample, context->reactor()->clock().Wall());
  Py_RETURN_NONE;
}

PyObject* TaskError(PyObject* /*module*/, PyObject* text) {
  const PyRef string(PyObject_Str(text));
  if (!string) {
    return nullptr;
  }
  statistics_lane->context()->recorder()->RecordTaskError(ReadableText(string.get()));
  Py_RETURN_NONE;
}

PyObject* Entries(PyObject* /*module*/, PyObject* /*unused*/) {
  const Snapshot& snapshot = statistics_lane->Statistics();
  PyRef list(PyList_New(0));
  for (const auto& [key, stats] : snapshot.entries) {
    if (key.phase != RunPhase::kMeasured || !list) {
      continue;
    }
    const PyRef row(Py_BuildValue(
        "(s#s#KKdddKdd)", key.method.data(), static_cast<Py_ssize_t>(key.method.size()),
        key.name.data(), static_cast<Py_ssize_t>(key.name.size()),
        static_cast<unsigned long long>(stats.requests),
        static_cast<unsigned long long>(stats.failures), stats.service.sum_seconds() * 1e3,
        Millis(stats.service.min()), Millis(stats.service.max()),
        static_cast<unsigned long long>(stats.bytes_received), EpochSeconds(stats.first_at),
        EpochSeconds(stats.last_at)));
    if (!row || PyList_Append(list.get(), row.get()) != 0) {
      return nullptr;
    }
  }
  return list.release();
}

PyObject* Failures(PyObject* /*module*/, PyObject* /*unused*/) {
  const Snapshot& snapshot = statistics_lane->Statistics();
  PyRef list(PyList_New(0));
  for (const auto& [key, stats] : snapshot.failures) {
    if (!list) {
      break;
    }
    const PyRef row(Py_BuildValue(
        "(s#s#s#Kdd)", key.method.data(), static_cast<Py_ssize_t>(key.method.size()),
        key.name.data(), static_cast<Py_ssize_t>(key.name.size()), key.reason.data(),
        static_cast<Py_ssize_t>(key.reason.size()), static_cast<unsigned long long>(stats.count),
        EpochSeconds(stats.first_at), EpochSeconds(stats.last_at)));
    if (!row || PyList_Append(list.get(), row.get()) != 0) {
      return nullptr;
    }
  }
  return list.release();
}

// Of (method, name), where None stands for all.
Histogram TimesOf(PyObject* method, PyObject* name) {
  const std::optional<std::string> wanted_method = OptionalText(method);
  const std::optional<std::string> wanted_name = OptionalText(name);
  const Snapshot& snapshot = statistics_lane->Statistics();
  Histogram times;
  for (const auto& [key, stats] : snapshot.entries) {
    if (key.phase == RunPhase::kMeasured &&
        (!wanted_method.has_value() || *wanted_method == key.method) &&
        (!wanted_name.has_value() || *wanted_name == key.name)) {
      times.Merge(stats.service);
    }
  }
  return times;
}

PyObject* Percentile(PyObject* /*module*/, PyObject* arguments) {
  PyObject* method = nullptr;
  PyObject* name = nullptr;
  double quantile = 0;
  if (PyArg_ParseTuple(arguments, "OOd", &method, &name, &quantile) == 0) {
    return nullptr;
  }
  const Histogram times = TimesOf(method, name);
  if (times.count() == 0) {
    Py_RETURN_NONE;
  }
  return PyFloat_FromDouble(Millis(times.Percentile(std::clamp(quantile, 0.0, 1.0))));
}

// [(milliseconds, count), …], ascending.
PyObject* TimesHistogram(PyObject* /*module*/, PyObject* arguments) {
  PyObject* method = nullptr;
  PyObject* name = nullptr;
  if (PyArg_ParseTuple(arguments, "OO", &method, &name) == 0) {
    return nullptr;
  }
  PyRef list(PyList_New(0));
  for (const Histogram::Bucket& bucket : TimesOf(method, name).Buckets()) {
    const double middle = (static_cast<double>(Histogram::LowerBound(bucket.index)) +
                           static_cast<double>(Histogram::UpperBound(bucket.index))) /
                          2e6;
    const PyRef row(Py_BuildValue("(dK)", middle, static_cast<unsigned long long>(bucket.count)));
    if (!list || !row || PyList_Append(list.get(), row.get()) != 0) {
      return nullptr;
    }
  }
  return list.release();
}

PyMethodDef statistics_methods[] = {
    {"record", AsMethod(RecordRequest), METH_FASTCALL,
     "Counts a request that Python code has made."},
    {"task_error", TaskError, METH_O, "Counts an exception: its message, then the traceback."},
    {"stats_entries", Entries, METH_NOARGS, "What was measured, by method and name."},
    {"stats_failures", Failures, METH_NOARGS, "Failures, by method, name and reason."},
    {"stats_percentile", Percentile, METH_VARARGS, "(method, name, fraction) in milliseconds."},
    {"stats_histogram", TimesHistogram, METH_VARARGS, "(method, name): [(ms, count), ...]."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

void set_statistics_lane(Lane* value) { statistics_lane = value; }

bool AddStatisticsFunctions(PyObject* module) {
  return PyModule_AddFunctions(module, statistics_methods) == 0;
}

PyObject* UsersByClassOf(Lane& of) {
  PyRef dict(PyDict_New());
  for (const auto& [name, count] : of.CountUsers()) {
    const PyRef number(PyLong_FromUnsignedLongLong(count));
    if (!dict || !number || PyDict_SetItemString(dict.get(), name.c_str(), number.get()) != 0) {
      return nullptr;
    }
  }
  return dict.release();
}

}  // namespace squall
