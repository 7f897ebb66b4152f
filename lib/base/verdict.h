/* lib/base/verdict.h - the answer a peer gets; transport maps it to a CoAP code. */
#pragma once

enum verdict {
	V_IGNORE,         /* no datagram at all */
	V_LATER,          /* the answer follows */
	V_CONTENT,        /* 2.05 */
	V_CHANGED,        /* 2.04 */
	V_DELETED,        /* 2.02 */
	V_CREATED,        /* 2.01 */
	V_BAD_REQUEST,    /* 4.00 */
	V_UNAUTHORIZED,   /* 4.01 */
	V_BAD_OPTION,     /* 4.02 */
	V_FORBIDDEN,      /* 4.03 */
	V_NOT_FOUND,      /* 4.04 */
	V_NO_METHOD,      /* 4.05 */
	V_NOT_ACCEPTABLE, /* 4.06 */
	V_INCOMPLETE,     /* 4.08 */
	V_TOO_LARGE,      /* 4.13 */
	V_BAD_FORMAT,     /* 4.15 */
	V_INTERNAL,       /* 5.00 */
	V_UNAVAILABLE,    /* 5.03 */
};
