/* lib/crypto/rng.h - random octets from the library's generator. */
#pragma once

#include "base/mem.h"

/* Fills `ret`; aborts the process if the system has no randomness, since nothing could go on. */
void rng_fill(void *ret, size_t len);
