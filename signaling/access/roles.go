package access

// roles is a set of Roles.
type roles uint8

const (
	viewing roles = 1 << iota
	publishing
	managing
)

// rolesOf are what each Role lets its holder do.
var rolesOf = map[Role]roles{
	View:    viewing,
	Publish: publishing | viewing,
	Manage:  managing | viewing,
}

// has is true if the set lets somebody do what role is for.
func (s roles) has(role Role) bool {
	wanted := rolesOf[role]
	return wanted != 0 && s&wanted == wanted
}
