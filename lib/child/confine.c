#include "child/confine.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define ARCH AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define ARCH AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define ARCH AUDIT_ARCH_S390X
#else
#define ARCH 0 /* confine_calls() says -EOPNOTSUPP */
#endif

#define FILE_RIGHTS                                                                                \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE)
#define READ_RIGHTS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_RIGHTS                                                                               \
	(READ_RIGHTS | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |            \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM)
/* All rights of the first version of Landlock: those not granted are refused. */
#define ALL_RIGHTS (((uint64_t)LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

static int no_new_privs(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static int allow_path(int ruleset, const struct confine_path *p)
{
	CLEANUP(closep) int fd = open(p->path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = {
		.parent_fd = fd,
		.allowed_access = p->access == CONFINE_WRITE ? WRITE_RIGHTS : READ_RIGHTS,
	};
	struct stat st;

	if (fd < 0)
		return errno == ENOENT || errno == EACCES || errno == ENOTDIR ? 0 : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= FILE_RIGHTS;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return -errno;
	return 0;
}

int confine_files(const struct confine_path *paths, size_t n)
{
	struct landlock_ruleset_attr attr = {.handled_access_fs = ALL_RIGHTS};
	CLEANUP(closep) int ruleset = -1;
	int r = no_new_privs();

	if (r < 0)
		return r;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? -EOPNOTSUPP : -errno;
	for (size_t i = 0; i < n && r == 0; i++)
		r = allow_path(ruleset, &paths[i]);
	if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		r = -errno;
	return r;
}

#define CALL(name)                                                                                 \
	{                                                                                          \
		.nr = __NR_##name                                                                  \
	}

/* What the C library itself does in any program. Not here: open, socket, execve, fork, kill. */
static const struct confine_call ALWAYS[] = {
	CALL(read),
	CALL(write),
	CALL(close),
	CALL(recvmsg),
	CALL(sendmsg),
	CALL(readv),
	CALL(writev),
	CALL(futex),
	CALL(clock_gettime),
	CALL(gettimeofday),
	CALL(getrandom),
	CALL(munmap),
	CALL(mprotect),
	CALL(mremap),
	CALL(madvise),
	CALL(brk),
	CALL(fcntl),
	CALL(lseek),
	CALL(fstat),
	CALL(exit),
	CALL(exit_group),
	CALL(rt_sigaction),
	CALL(rt_sigprocmask),
	CALL(rt_sigreturn),
	CALL(sigaltstack),
	CALL(restart_syscall),
	CALL(sched_yield),
	CALL(getpid),
	CALL(gettid),
	CALL(getuid),
	CALL(geteuid),
	CALL(getgid),
	CALL(getegid),
	CALL(uname),
	CALL(sysinfo),
	CALL(sched_getaffinity),
#ifdef __NR_newfstatat
	CALL(newfstatat),
#endif
#ifdef __NR_fstatat64
	CALL(fstatat64),
#endif
#ifdef __NR_fstat64
	CALL(fstat64),
#endif
#ifdef __NR__llseek
	CALL(_llseek),
#endif
#ifdef __NR_mmap
	CALL(mmap),
#endif
#ifdef __NR_mmap2
	CALL(mmap2),
#endif
#ifdef __NR_fcntl64
	CALL(fcntl64),
#endif
#ifdef __NR_futex_time64
	CALL(futex_time64),
#endif
#ifdef __NR_clock_gettime64
	CALL(clock_gettime64),
#endif
	{.nr = __NR_tgkill, .argument = 2, .mask = UINT32_MAX, .value = 6 /* SIGABRT: abort() */},
};

#define STEPS_MAX      (8 + 7 * (CONFINE_CALLS_MAX + ARRAY_SIZE(ALWAYS)))
#define RETURN(what)   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_##what)
#define LOAD(member)   BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define IF(v, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, v, yes, no)

struct program {
	struct sock_filter steps[STEPS_MAX];
	unsigned short len;
};

static void put(struct program *p, struct sock_filter step)
{
	p->steps[p->len++] = step;
}

/* The low half of an argument; what we look at are ints, of which the kernel ignores the rest. */
static uint32_t argument_offset(uint8_t i)
{
	uint32_t at = (uint32_t)offsetof(struct seccomp_data, args) + 8U * i;

	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? at + 4 : at;
}

/* The number is in the accumulator, before and after. */
static void put_call(struct program *p, const struct confine_call *c)
{
	put(p, (struct sock_filter)IF((uint32_t)c->nr, 0, c->mask ? 5 : 1));
	if (c->mask) {
		put(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						    argument_offset(c->argument)));
		put(p, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, c->mask));
		put(p, (struct sock_filter)IF(c->value, 0, 1));
	}
	put(p, (struct sock_filter)RETURN(ALLOW));
	if (c->mask)
		put(p, (struct sock_filter)LOAD(nr));
}

int confine_calls(const struct confine_call *calls, size_t n)
{
	struct program p = {.len = 0};
	struct sock_fprog filter = {.filter = p.steps};
	int r = no_new_privs();

	if (r < 0)
		return r;
	if (ARCH == 0)
		return -EOPNOTSUPP;
	if (n > CONFINE_CALLS_MAX)
		return -E2BIG;
	put(&p, (struct sock_filter)LOAD(arch));
	put(&p, (struct sock_filter)IF(ARCH, 1, 0));
	put(&p, (struct sock_filter)RETURN(KILL_PROCESS));
	put(&p, (struct sock_filter)LOAD(nr));
	for (size_t i = 0; i < ARRAY_SIZE(ALWAYS); i++)
		put_call(&p, &ALWAYS[i]);
	for (size_t i = 0; i < n; i++)
		put_call(&p, &calls[i]);
#ifdef __NR_clone3
	/* Its flags are out of reach of a filter; "not there" makes the C library use clone(). */
	put(&p, (struct sock_filter)IF(__NR_clone3, 0, 1));
	put(&p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
#endif
	put(&p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
	filter.len = p.len;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
		return errno == EINVAL ? -EOPNOTSUPP : -errno;
	return 0;
}
