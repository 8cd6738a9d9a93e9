package settings

// RegistryRegion returns the region of the image repository, or "" where there is none.
func (s *Settings) RegistryRegion() string {
	if !s.Delivery.Repository.Enabled {
		return ""
	}
	return s.Region
}

// deliveryNotes returns what a person should know about the jobs that deploy.
func (s *Settings) deliveryNotes() []string {
	notes := s.policyNotes()
	if github := s.Delivery.GitHub; !github.On() || github.OwnerID != "" {
		return notes
	}
	return append(notes, "delivery.github has no ownerId and repoId: if the repository was created, renamed or transferred since July 15, 2026, "+
		"its workflows cannot assume the roles: set both")
}
