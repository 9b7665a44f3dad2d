//go:build !portable

package udp

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// name is a socket address as the kernel has it. It holds IPv4 as well.
type name = unix.RawSockaddrInet6

// put writes an address for a socket of that family and returns its size. It
// needs an IPv4 address for an IPv4 socket. An unknown zone is an error.
func (b *batching) put(n *name, to netip.AddrPort) (size uint32, err error) {
	if b.family == unix.AF_INET {
		*(*unix.RawSockaddrInet4)(unsafe.Pointer(n)) = unix.RawSockaddrInet4{
			Family: unix.AF_INET, Port: networkOrder(to.Port()), Addr: to.Addr().As4(),
		}
		return unix.SizeofSockaddrInet4, nil
	}
	*n = name{Family: unix.AF_INET6, Port: networkOrder(to.Port()), Addr: to.Addr().As16()}
	if zone := to.Addr().Zone(); zone != "" {
		index, ok := b.zones.index(zone)
		if !ok {
			return 0, errUnreachable
		}
		n.Scope_id = index
	}
	return unix.SizeofSockaddrInet6, nil
}

// addrPort is put's inverse.
func (b *batching) addrPort(n *name) netip.AddrPort {
	if n.Family == unix.AF_INET {
		n := (*unix.RawSockaddrInet4)(unsafe.Pointer(n))
		return netip.AddrPortFrom(netip.AddrFrom4(n.Addr), networkOrder(n.Port))
	}
	addr := netip.AddrFrom16(n.Addr)
	if n.Scope_id != 0 && addr.IsLinkLocalUnicast() {
		addr = addr.WithZone(b.zones.name(n.Scope_id))
	}
	return netip.AddrPortFrom(addr, networkOrder(n.Port))
}

// networkOrder turns a port into the kernel's form, or back.
func networkOrder(port uint16) uint16 {
	var b [2]byte
	binary.NativeEndian.PutUint16(b[:], port)
	return binary.BigEndian.Uint16(b[:])
}

// zoneTime is how long the names of interfaces are believed.
const zoneTime = time.Minute

// zones are the interfaces' names, which link-local addresses carry: asking the
// kernel for each packet would take longer than the packet.
type zones struct {
	mu      sync.Mutex // guards what follows
	asked   time.Time
	names   map[uint32]string
	indexes map[string]uint32
}

func (z *zones) name(index uint32) string {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.ask(time.Now())
	if name, ok := z.names[index]; ok {
		return name
	}
	return strconv.FormatUint(uint64(index), 10)
}

func (z *zones) index(name string) (uint32, bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.ask(time.Now())
	if index, ok := z.indexes[name]; ok {
		return index, true
	}
	index, err := strconv.ParseUint(name, 10, 32)
	return uint32(index), err == nil
}

// ask needs mu.
func (z *zones) ask(now time.Time) {
	if !z.asked.IsZero() && now.Sub(z.asked) < zoneTime {
		return
	}
	z.asked, z.names, z.indexes = now, map[uint32]string{}, map[string]uint32{}
	interfaces, _ := net.Interfaces() // none: numbers stand for the names
	for _, i := range interfaces {
		z.names[uint32(i.Index)], z.indexes[i.Name] = i.Name, uint32(i.Index)
	}
}
