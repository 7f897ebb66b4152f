/* lib/codec/cbw.h - CBOR writer (RFC 8949) into a struct buf; errors stick in the buffer. */
#pragma once

#include "base/buf.h"
#include "base/uuid.h"

/* Indefinite-length containers, closed by cbw_end(): what deployed OCF stacks write. */
void cbw_map(struct buf *b);
void cbw_array(struct buf *b);
void cbw_end(struct buf *b);
/* Definite ones, for deterministic encoding: the caller writes exactly n pairs or elements. */
void cbw_map_n(struct buf *b, size_t n);
void cbw_array_n(struct buf *b, size_t n);

void cbw_tag(struct buf *b, uint64_t v);
void cbw_uint(struct buf *b, uint64_t v);
void cbw_int(struct buf *b, int64_t v);
void cbw_float(struct buf *b, double v); /* in eight octets */
void cbw_bool(struct buf *b, bool v);
void cbw_null(struct buf *b);
void cbw_text(struct buf *b, struct span v);
void cbw_str(struct buf *b, const char *v);
void cbw_bytes(struct buf *b, struct span v);

/* A text key and its value. */
void cbw_kv_uint(struct buf *b, const char *key, uint64_t v);
void cbw_kv_bool(struct buf *b, const char *key, bool v);
void cbw_kv_str(struct buf *b, const char *key, const char *v);
void cbw_kv_text(struct buf *b, const char *key, struct span v);
void cbw_kv_uuid(struct buf *b, const char *key, const struct uuid *v);
