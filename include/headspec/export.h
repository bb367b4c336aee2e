// Marks what the shared library offers; everything else in it is hidden.
#pragma once

#if defined(__GNUC__)
#define HEADSPEC_API __attribute__((visibility("default")))
#else
#define HEADSPEC_API
#endif
