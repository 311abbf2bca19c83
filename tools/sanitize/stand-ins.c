/* Linked with the kernels in the copy that tools/sanitize.sh makes: how the sanitizers are to be, and what they leave out. */
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
size_t __sanitizer_get_current_allocated_bytes(void);
struct mallinfo __wrap_mallinfo(void);
void *emscripten_builtin_mmap(void *, size_t, int, int, int, int64_t);
int emscripten_builtin_munmap(void *, size_t);

const char *__asan_default_options(void)
{
    /* JavaScript knows the stack, and would take long to tell it at each allocation. */
    return "allocator_may_return_null=1:detect_leaks=0:malloc_context_size=0:quarantine_size_mb=16";
}

const char *__ubsan_default_options(void)
{
    return "halt_on_error=1";
}

/* AddressSanitizer's own counts nothing. */
struct mallinfo __wrap_mallinfo(void)
{
    return (struct mallinfo) { .uordblks = (int)__sanitizer_get_current_allocated_bytes() };
}

/*
 * AddressSanitizer reserves half a gigabyte. Emscripten's own mmap writes zeros to all of it, for each instance; new memory is zero, and
 * costs nothing until it is written to.
 */
void *emscripten_builtin_mmap(void *address, size_t length, int protection, int flags, int file, int64_t offset)
{
    uintptr_t start = (uintptr_t)sbrk(0);

    (void)address, (void)protection, (void)flags, (void)file, (void)offset;
    start = (start + 65535) & ~(uintptr_t)65535;
    return sbrk((intptr_t)(start + length - (uintptr_t)sbrk(0))) == (void *)-1 ? MAP_FAILED : (void *)start;
}

int emscripten_builtin_munmap(void *address, size_t length)
{
    (void)address, (void)length;
    return 0;
}
