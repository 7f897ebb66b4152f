#pragma once

#include <stddef.h>
#include <stdint.h>

/* What libFuzzer and replay_main.c call with each input; its result is 0, or -1 for an input not
 * worth keeping. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
