"""Structures of 32-bit ARM Linux's system calls as the tracer shows them.

Members are those of the runtime's own declarations (``guest/arm32/structs.h``) where it has one;
structures that pass through unconverted are laid out here. As strace does, only members that people
look for are shown.
"""

from xlate.abi.names import Shape, layout, struct

_TIMES64 = "tv_sec=0/8 tv_nsec=8/4"

SHAPES: dict[str, Shape] = {
    "stat32": struct("struct guest_stat", "st_mode=mode:file_mode st_size=size:u"),
    "stat64": struct("struct guest_stat64", "st_mode=mode:file_mode st_size=size"),
    "statx": layout(
        256, "stx_mask=0/4:statx_mask stx_mode=28/2:file_mode stx_size=40/8:u stx_nlink=16/4:u"
    ),
    "statfs": struct(
        "struct guest_statfs", "f_type=type:x f_bsize=bsize:u f_blocks=blocks:u f_bfree=bfree:u"
    ),
    "statfs64": struct(
        "struct guest_statfs64", "f_type=type:x f_bsize=bsize:u f_blocks=blocks:u f_bfree=bfree:u"
    ),
    "timespec": struct("struct guest_timespec", "tv_sec=sec tv_nsec=nsec"),
    "timeval": struct("struct guest_timeval", "tv_sec=sec tv_usec=usec"),
    "timespec64": layout(16, _TIMES64),
    "times2": layout(16, "atime=0/8:timespec mtime=8/8:timespec"),
    "timevals2": layout(16, "atime=0/8:timeval mtime=8/8:timeval"),
    "times64": layout(32, "atime=0/16:timespec64 mtime=16/16:timespec64"),
    "clone_args": layout(
        64, "flags=0/8:clone exit_signal=32/8:signal stack=40/8:p stack_size=48/8:u tls=56/8:p"
    ),
    "itimerspec": layout(16, "it_interval=0/8:timespec it_value=8/8:timespec"),
    "itimerspec64": layout(32, "it_interval=0/16:timespec64 it_value=16/16:timespec64"),
    "itimerval": layout(16, "it_interval=0/8:timeval it_value=8/8:timeval"),
    "sigaction": struct(
        "struct guest_sigaction_rt",
        "sa_handler=handler:handler sa_mask=mask:sigset sa_flags=flags:sa",
    ),
    "sigaction_old": struct(
        "struct guest_sigaction_old",
        "sa_handler=handler:handler sa_mask=mask:sigset4 sa_flags=flags:sa",
    ),
    "stack": struct("struct guest_stack", "ss_sp=sp:p ss_flags=flags:ss ss_size=size:u"),
    "sigset_arg": layout(8, "sigmask=0/4:p sigsetsize=4/4:u"),
    "pollfd": layout(8, "fd=0/4 events=4/2:poll revents=6/2:poll"),
    "epoll_event": struct("struct guest_epoll_event", "events=events:epoll data=data:x"),
    "rlimit32": struct("struct guest_rlimit", "rlim_cur=cur:u rlim_max=max:u"),
    "rlimit64": layout(16, "rlim_cur=0/8:u rlim_max=8/8:u"),
    "rusage": struct("struct guest_rusage", "ru_utime=utime:timeval ru_stime=stime:timeval"),
    "tms": struct(
        "struct guest_tms",
        "tms_utime=utime:u tms_stime=stime:u tms_cutime=cutime:u tms_cstime=cstime:u",
    ),
    "sysinfo": struct(
        "struct guest_sysinfo", "uptime=uptime totalram=totalram:u freeram=freeram:u procs=procs:u"
    ),
    "utsname": layout(390, "sysname=0/65:str release=130/65:str machine=260/65:str"),
    "flock32": struct(
        "struct guest_flock",
        "l_type=type:flock_type l_whence=whence:whence l_start=start l_len=len",
    ),
    "flock64": struct(
        "struct guest_flock64",
        "l_type=type:flock_type l_whence=whence:whence l_start=start l_len=len",
    ),
    "siginfo": layout(
        128, "si_signo=0/4:signal si_code=8/4 si_pid=12/4:u si_uid=16/4:u si_status=20/4"
    ),
    "winsize": layout(8, "ws_row=0/2:u ws_col=2/2:u ws_xpixel=4/2:u ws_ypixel=6/2:u"),
    "termios": layout(36, "c_iflag=0/4:x c_oflag=4/4:x c_cflag=8/4:x c_lflag=12/4:x"),
    "mq_attr": struct(
        "struct guest_mq_attr",
        "mq_flags=flags:x mq_maxmsg=maxmsg mq_msgsize=msgsize mq_curmsgs=curmsgs",
    ),
    "open_how": layout(24, "flags=0/8:open mode=8/8:o resolve=16/8:x"),
    "sembuf": layout(6, "sem_num=0/2:u sem_op=2/2 sem_flg=4/2:x"),
}
