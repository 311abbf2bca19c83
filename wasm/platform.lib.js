// What C asks of its platform, where Emscripten's own JavaScript would bring more than there is: no environment variables, no files.
addToLibrary({
  environ_sizes_get__deps: [],
  environ_sizes_get: (count, size) => {
    {{{ makeSetValue('count', 0, '0', 'i32') }}};
    {{{ makeSetValue('size', 0, '0', 'i32') }}};
    return 0;
  },
  environ_get__deps: [],
  environ_get: () => 0,
  __syscall_openat__deps: [],
  __syscall_openat: () => -{{{ cDefs.ENOENT }}},
  __syscall_stat64__deps: [],
  __syscall_stat64: () => -{{{ cDefs.ENOENT }}},
  // In nanoseconds. The precision, a bigint, is not looked at.
  clock_time_get__deps: [],
  clock_time_get__i53abi: false,
  clock_time_get: (clock, precision, time) => {
    var nanoseconds = Math.round((clock ? performance.now() : Date.now()) * 1e6);
    {{{ makeSetValue('time', 0, 'nanoseconds', 'i64') }}};
    return 0;
  },
});
