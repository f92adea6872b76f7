"""The system calls that are refused, each with the errno the guest sees and the reason.

A refusal is a decision that a reader can dispute: the reason is printed by ``xlate-run --strace``
and on the support page. ENOSYS is chosen where libraries fall back on it.
"""

from xlate.abi.linux import REFUSED, Row

_REMOVED = "removed from Linux; no current kernel serves it"
_NUMA = "the guest's kernel is one without NUMA, as 32-bit ARM kernels are"
_AIO = "contexts and events hold 64-bit host addresses; libraries fall back to threads"
_URING = "the rings are shared memory holding host addresses"
_PCI = "PCI configuration registers of the host are not the guest's"
_MODULE = "a guest module cannot be loaded into the host's kernel"
_FILTER = "a filter would judge xlate's own host calls by their host numbers"
_LSM = "the list of security modules is the host's"

# fmt: off
ROWS = (
    Row(26, "ptrace", REFUSED, errno="ENOSYS", reason="register and stop events are the host process's"),
    Row(62, "ustat", REFUSED, errno="ENOSYS", reason="obsolete; statfs serves"),
    Row(86, "uselib", REFUSED, errno="ENOSYS", reason=_REMOVED),
    Row(128, "init_module", REFUSED, errno="EPERM", reason=_MODULE),
    Row(129, "delete_module", REFUSED, errno="EPERM", reason=_MODULE),
    Row(134, "bdflush", REFUSED, errno="ENOSYS", reason=_REMOVED),
    Row(135, "sysfs", REFUSED, errno="ENOSYS", reason="obsolete; /proc/filesystems serves"),
    Row(149, "_sysctl", REFUSED, errno="ENOSYS", reason=_REMOVED),
    Row(169, "nfsservctl", REFUSED, errno="ENOSYS", reason=_REMOVED),
    Row(243, "io_setup", REFUSED, errno="ENOSYS", reason=_AIO),
    Row(244, "io_destroy", REFUSED, errno="ENOSYS", reason=_AIO),
    Row(245, "io_getevents", REFUSED, errno="ENOSYS", reason=_AIO),
    Row(246, "io_submit", REFUSED, errno="ENOSYS", reason=_AIO),
    Row(247, "io_cancel", REFUSED, errno="ENOSYS", reason=_AIO),
    Row(249, "lookup_dcookie", REFUSED, errno="ENOSYS", reason=_REMOVED),
    Row(253, "remap_file_pages", REFUSED, errno="ENOSYS", reason="deprecated; mmap serves"),
    Row(271, "pciconfig_iobase", REFUSED, errno="ENOSYS", reason=_PCI),
    Row(272, "pciconfig_read", REFUSED, errno="ENOSYS", reason=_PCI),
    Row(273, "pciconfig_write", REFUSED, errno="ENOSYS", reason=_PCI),
    Row(313, "vserver", REFUSED, errno="ENOSYS", reason="never implemented by Linux"),
    Row(319, "mbind", REFUSED, errno="ENOSYS", reason=_NUMA),
    Row(320, "get_mempolicy", REFUSED, errno="ENOSYS", reason=_NUMA),
    Row(321, "set_mempolicy", REFUSED, errno="ENOSYS", reason=_NUMA),
    Row(344, "move_pages", REFUSED, errno="ENOSYS", reason=_NUMA),
    Row(347, "kexec_load", REFUSED, errno="EPERM", reason="a guest kernel cannot replace the host's"),
    Row(364, "perf_event_open", REFUSED, errno="ENOSYS", reason="counters would count the host's work"),
    Row(379, "finit_module", REFUSED, errno="EPERM", reason=_MODULE),
    Row(383, "seccomp", REFUSED, errno="ENOSYS", reason=_FILTER),
    Row(386, "bpf", REFUSED, errno="EPERM", reason="attributes hold host addresses; EPERM is usual unprivileged"),
    Row(388, "userfaultfd", REFUSED, errno="ENOSYS", reason="faults would name host addresses"),
    Row(395, "pkey_alloc", REFUSED, errno="ENOSYS", reason="ARM has no protection keys"),
    Row(396, "pkey_free", REFUSED, errno="ENOSYS", reason="ARM has no protection keys"),
    Row(398, "rseq", REFUSED, errno="ENOSYS", reason="restarting guest sequences needs the translator"),
    Row(399, "io_pgetevents", REFUSED, errno="ENOSYS", reason=_AIO),
    Row(400, "migrate_pages", REFUSED, errno="ENOSYS", reason=_NUMA),
    Row(401, "kexec_file_load", REFUSED, errno="EPERM", reason="a guest kernel cannot replace the host's"),
    Row(416, "io_pgetevents_time64", REFUSED, errno="ENOSYS", reason=_AIO),
    Row(425, "io_uring_setup", REFUSED, errno="ENOSYS", reason=_URING),
    Row(426, "io_uring_enter", REFUSED, errno="ENOSYS", reason=_URING),
    Row(427, "io_uring_register", REFUSED, errno="ENOSYS", reason=_URING),
    Row(450, "set_mempolicy_home_node", REFUSED, errno="ENOSYS", reason=_NUMA),
    Row(453, "map_shadow_stack", REFUSED, errno="ENOSYS", reason="ARM has no shadow stacks"),
    Row(459, "lsm_get_self_attr", REFUSED, errno="ENOSYS", reason=_LSM),
    Row(460, "lsm_set_self_attr", REFUSED, errno="ENOSYS", reason=_LSM),
    Row(461, "lsm_list_modules", REFUSED, errno="ENOSYS", reason=_LSM),
    Row(462, "mseal", REFUSED, errno="ENOSYS", reason="the table of guest mappings has no seal"),
    Row(0x0F0003, "arm_usr26", REFUSED, errno="ENOSYS", reason="26-bit mode; ARMv7 has none"),
    Row(0x0F0004, "arm_usr32", REFUSED, errno="ENOSYS", reason="26-bit mode; ARMv7 has none"),
)
# fmt: on
