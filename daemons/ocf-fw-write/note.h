/* daemons/ocf-fw-write/note.h - what a slot says about the installation under way, so that the one
 * after a cut knows what it can go on with.
 *
 * Which version with which digests, and the headers that encrypted images began with. Nothing
 * about octets: those are read again. */
#pragma once

#include "base/buf.h"
#include "child/proto.h"
#include "crypto/ece.h"

#define NOTE_MAX ((size_t)32 * 1024) /* octets: headers of 32 images, and the rest */

/* The note of a new installation. */
void note_put_plan(const struct proto_begin *b, struct buf *out);
/* Whether it is of this very version: same name, sizes and digests. */
MUST_USE bool note_is_of(struct span note, const struct proto_begin *b);
/* Replaces what it says of the component. */
void note_put_header(struct span note, const char *component, struct span header, struct buf *out);
/* Octets in ret; 0: it says nothing of that component. */
size_t note_header(struct span note, const char *component, uint8_t ret[ECE_HEADER_MAX]);
