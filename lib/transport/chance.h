/* lib/transport/chance.h - tokens, message ids and delays; getrandom(2) in one place. */
#pragma once

#include <stddef.h>
#include <stdint.h>

void chance_fill(void *ret, size_t len); /* at most 256 octets */
/* 0 to max_us, evenly. */
uint64_t chance_delay(uint64_t max_us);
