/* lib/svr/ace.h - access control entries and lists of them: OCF Security 12.2, 13.5. */
#pragma once

#include "svr/req.h"

#define ACES_MAX            ((size_t)10000)
#define ACE_RESOURCES_MAX   ((size_t)32) /* of one ACE */
#define ACE_VALIDITIES_MAX  ((size_t)4)  /* of one ACE */
#define ACE_RECURRENCES_MAX ((size_t)4)  /* of one validity */
#define ACE_TEXT_MAX        REQ_PATH_MAX /* octets of any text in an ACE */

enum ace_subject { ACE_UUID, ACE_ROLE, ACE_AUTH_CRYPT, ACE_ANON_CLEAR };
enum ace_wildcard { WC_NONE, WC_SECURE, WC_CLEAR, WC_ALL }; /* none, "+", "-", "*" */

/* Permissions of an ACE. */
#define PERM_CREATE   1u
#define PERM_RETRIEVE 2u
#define PERM_UPDATE   4u
#define PERM_DELETE   8u
#define PERM_NOTIFY   16u
#define PERM_ALL      31u

/* Matches what both halves match; a half not given matches all. */
struct ace_resource {
	struct span href; /* empty: not given */
	enum ace_wildcard wildcard;
};

/* When an ACE holds: inside the period or, with recurrences, inside a repetition of it by one of
 * them. Texts as the peer wrote them, found good by validity_is_sound(). */
struct ace_validity {
	struct span period;
	size_t n_recurrences;
	struct span recurrences[ACE_RECURRENCES_MAX];
};

/* Immutable and counted: copies of a device share their entries. */
struct ace {
	unsigned refs;
	uint32_t aceid;
	enum ace_subject subject;
	unsigned permission;
	struct uuid uuid;    /* ACE_UUID */
	size_t n_validities; /* 0: always */
	struct ace_validity *validities;
	size_t n_resources;
	struct ace_resource *resources;
	struct span role, authority; /* ACE_ROLE; authority may be empty */
};

/* A copy of `draft` and all it points to, with one reference. NULL: out of memory. */
MUST_USE struct ace *ace_new(const struct ace *draft);
struct ace *ace_unref(struct ace *ace); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct ace *, ace_unref)

/* A list being put together. */
struct acl {
	size_t n;
	struct ace **v; /* owned array of counted entries */
};

void acl_done(struct acl *acl); /* the list is empty and usable again */
/* False: out of memory; *ret is empty then. */
MUST_USE bool acl_copy(struct acl *ret, const struct acl *acl);
/* Takes a reference of its own. False: out of memory. */
MUST_USE bool acl_append(struct acl *acl, struct ace *ace);
/* NULL: unknown. */
struct ace *acl_find(const struct acl *acl, uint32_t aceid);
/* False: unknown. */
bool acl_remove(struct acl *acl, uint32_t aceid);
